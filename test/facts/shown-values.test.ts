/** Values are shown because they are known to be harmless, not hidden because they look secret. */
import { describe, expect, it } from 'vitest';
import { isShownSetting, maskedArgument, maskedLine } from '../../src/facts/shown-values.js';

const unit = '/etc/systemd/system/kubelet.service.d/10-x.conf';
const environment = '/etc/default/kubelet';
const yaml = '/etc/rancher/x/config.yaml';
const drop = '/var/lib/kubelet/kubelet.conf.d/10-x.conf';

describe('a line of a file', () => {
  it.each([
    [environment, 'KUBELET_EXTRA_ARGS=', 'KUBELET_EXTRA_ARGS='],
    [environment, 'A="--node-ip=10.0.0.1 --v 2"', 'A="--node-ip=10.0.0.1 --v 2"'],
    [environment, 'DB=hunter two', 'DB=*** ***'],
    [environment, 'A=--unheard=x --max-pods=110', 'A=--unheard=*** --max-pods=110'],
    [environment, 'A=--fail-swap-on hunter2', 'A=--fail-swap-on ***'],
    [environment, 'A=--manifest-url-header=X:hunter2', 'A=--manifest-url-header=***'],
    [environment, '# was hunter2', '# ***'],
    [environment, 'a line that is none', '*** *** *** *** ***'],
    [environment, 'A=--v\rB=hunter2', 'A=***'],
    [unit, 'Environment="A=--v=2" B=hunter2', 'Environment="A=--v=2" ***'],
    [
      unit,
      'ExecStart=/usr/bin/kubelet $ARGS ${MORE} --max-pods=5',
      'ExecStart=/usr/bin/kubelet $ARGS ${MORE} --max-pods=5',
    ],
    [unit, 'ExecStart=/bin/sh -c "hunter2"', 'ExecStart=/bin/sh -c ***'],
    [unit, 'SetCredential=a:hunter2', 'SetCredential=***'],
    [unit, 'RestartSec=10', 'RestartSec=10'],
    [unit, '[Service]', '[Service]'],
    [
      unit,
      '# Written by kubelatch. While this node has its backups, `kubelatch rollback` restores the previous state.',
      '# Written by kubelatch. While this node has its backups, `kubelatch rollback` restores the previous state.',
    ],
    [yaml, 'selinux: true # hunter2', 'selinux: true # ***'],
    [yaml, 'datastore-endpoint: x', 'datastore-endpoint: ***'],
    [yaml, 'unheard: "x y"', 'unheard: ***'],
    [yaml, 'kubelet-arg:', 'kubelet-arg:'],
    [yaml, '  - "max-pods=110"', '  - "max-pods=110"'],
    [yaml, '- unheard=x', '- ***'],
    [yaml, 'x-text: |', 'x-text: |'],
    [yaml, '  hunter2', '  ***'],
    [
      drop,
      'authentication: {anonymous: {enabled: false}, odd: [x, "y"]}',
      'authentication: {anonymous: {enabled: false}, odd: [***, ***]}',
    ],
    [drop, '  "readOnlyPort": 0,', '  "readOnlyPort": 0,'],
    [drop, '{"kind":"KubeletConfiguration","odd":"x"}', '{"kind":"KubeletConfiguration","odd":***}'],
    [drop, 'odd: &a x', 'odd: ***'],
    [drop, '- TLS_AES_128_GCM_SHA256', '- TLS_AES_128_GCM_SHA256'],
    ['/etc/sysctl.d/90-kubelet.conf', 'vm.panic_on_oom = 0', 'vm.panic_on_oom = 0'],
  ])('of %s: %j', (path, line, shown) => {
    expect(maskedLine(path, line)).toBe(shown);
  });
});

it('an entry of kubelet-arg is shown where the kubelet has such a flag', () => {
  expect(maskedArgument('max-pods=x')).toBe('max-pods=x');
  expect(maskedArgument('unheard=x')).toBe('unheard=***');
  expect(maskedArgument('--max-pods=1')).toBe('--max-pods=1');
  expect(maskedArgument('[{unheard x}]')).toBe('[{unheard ***}]');
});

it('a setting is shown where it is known and holds no credentials', () => {
  expect(isShownSetting('authentication.anonymous.enabled')).toBe(true);
  expect(isShownSetting('--node-ip')).toBe(true);
  expect(['--unheard', '--manifest-url-header', 'staticPodURLHeader', 'unheard'].map(isShownSetting)).not.toContain(
    true,
  );
});
