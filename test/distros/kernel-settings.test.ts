import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { textOf } from '../../src/facts/node-facts.js';
import { hardened, k3sNode, kernelFits, refusalOf, valueOf } from './supervised-node.js';

const config = '/etc/rancher/k3s/config.yaml';
const ownConfig = `${config}.d/99-kubelatch.yaml`;
const folder = '/var/lib/rancher/k3s/agent/etc/kubelet.conf.d';
const ownDropIn = `${folder}/99-kubelatch.conf`;
const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const at133 = (files: Readonly<Record<string, string>>, command?: string): ReturnType<typeof k3sNode> =>
  k3sNode('v1.33.1', files, command);

describe('protect-kernel-defaults', () => {
  const sysctl = '/etc/sysctl.d/90-kubelet.conf';
  const path = 'protectKernelDefaults';

  it.each([
    ['from 1.32', at133(kernelFits)],
    ['before 1.32', k3sNode('v1.31.4', kernelFits)],
  ])('%s is the top-level key, with the kernel’s settings kept first', (_, before) => {
    const after = hardened(before, path, true);
    expect([...after.files.keys()].filter((one) => !before.files.has(one))).toEqual([sysctl, ownConfig]);
    expect(parse(textOf(after, ownConfig) ?? '')).toEqual({ 'protect-kernel-defaults': true });
    expect(textOf(after, sysctl)?.split('\n').slice(1, -1)).toEqual([
      'vm.overcommit_memory = 1',
      'vm.panic_on_oom = 0',
      'kernel.panic = 10',
      'kernel.panic_on_oops = 1',
      'kernel.keys.root_maxkeys = 1000000',
      'kernel.keys.root_maxbytes = 25000000',
    ]);
    const more = hardened(after, 'podPidsLimit', 4096);
    expect([valueOf(more, path), valueOf(more, 'podPidsLimit')]).toEqual([true, 4096]);
  });

  it('is refused where the kernel has other settings, with the line that mends it', () => {
    const before = at133({ ...kernelFits, '/proc/sys/kernel/panic': '0\n', '/proc/sys/vm/overcommit_memory': '0\n' });
    expect(refusalOf(before, path, true)).toBe(
      'the kubelet would not start: vm.overcommit_memory is 0, kernel.panic is 0: run `sysctl -w vm.overcommit_memory=1 kernel.panic=10` first',
    );
  });

  it('is refused where the kernel’s settings are not known', () => {
    expect(refusalOf(at133({}), path, true)).toContain('vm.overcommit_memory');
  });

  it('leaves sysctl.d alone where it says all of it, and adds only what is missing', () => {
    const some = 'vm.overcommit_memory=1\nvm/panic_on_oom = 0\n-kernel.panic = 10\nkernel.panic_on_oops=1\n';
    const keys = 'kernel.keys.root_maxkeys=1000000\nkernel.keys.root_maxbytes=25000000\n';
    const full = hardened(at133({ ...kernelFits, '/etc/sysctl.d/60-k.conf': some + keys }), path, true);
    expect(full.files.has(sysctl)).toBe(false);
    const part = hardened(at133({ ...kernelFits, [sysctl]: some.trimEnd() }), path, true);
    expect(textOf(part, sysctl)).toBe(`${some}${keys.replaceAll('=', ' = ')}`);
  });

  it('is refused where a later file sets something else at the next boot, and wins over an earlier one', () => {
    const late = { '/etc/sysctl.d/99-local.conf': '# ours\nkernel.panic = 60\n' };
    expect(refusalOf(at133({ ...kernelFits, ...late }), path, true)).toMatch(
      /^\/etc\/sysctl\.d\/99-local\.conf:2 sets kernel\.panic to 60 at the next boot/,
    );
    expect(refusalOf(at133({ ...kernelFits, '/etc/sysctl.conf': 'vm.panic_on_oom=2\n' }), path, true)).toMatch(
      /^\/etc\/sysctl\.conf:1 /,
    );
    const early = hardened(at133({ ...kernelFits, '/etc/sysctl.d/10-x.conf': 'kernel.panic = 60\n' }), path, true);
    expect(textOf(early, sysctl)).toContain('kernel.panic = 10\n');
  });

  it('overrules a drop-in and an argument that say otherwise', () => {
    const dropIn = { [`${folder}/50-user.conf`]: `${head}protectKernelDefaults: false\n` };
    const text = 'kubelet-arg: [protect-kernel-defaults=false]\n';
    const after = hardened(at133({ ...kernelFits, ...dropIn, [config]: text }), path, true);
    expect(textOf(after, config)).toBe('kubelet-arg: []\n');
    expect(parse(textOf(after, ownDropIn) ?? '')).toMatchObject({ protectKernelDefaults: true });
  });

  it('is refused where ExecStart says otherwise', () => {
    const before = at133(kernelFits, '/usr/local/bin/k3s server --protect-kernel-defaults=false');
    expect(refusalOf(before, path, true)).toBe(
      '--protect-kernel-defaults in ExecStart (/etc/systemd/system/k3s.service:2) hides the key of the files',
    );
  });

  it('where it is on, no change is made that would restart into unfit kernel settings', () => {
    const before = at133({
      ...kernelFits,
      '/proc/sys/kernel/panic': '0\n',
      [config]: 'protect-kernel-defaults: true\n',
    });
    expect(refusalOf(before, 'podPidsLimit', 4096)).toMatch(
      /would not start again: kernel\.panic is 0: run `sysctl -w kernel\.panic=10`/,
    );
  });
});
