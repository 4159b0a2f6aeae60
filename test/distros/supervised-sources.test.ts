import { describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import { flagOnly } from '../../src/facts/effective-kubelet.js';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import { outdatedReason } from '../../src/facts/not-in-effect.js';
import { factsOf, fileOf, processOf, unitOf } from '../nodes/facts-of.js';
import { readNode } from '../nodes/recorded-node.js';
import { k3sNode, kernelFits, setupOf, valueOf } from './supervised-node.js';

const config = '/etc/rancher/k3s/config.yaml';
const folder = '/var/lib/rancher/k3s/agent/etc/kubelet.conf.d';
const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

function rke2Node(files: Readonly<Record<string, string>>, version = 'v1.33.1'): NodeFacts {
  const fragmentPath = '/usr/local/lib/systemd/system/rke2-server.service';
  return factsOf(
    { [fragmentPath]: '[Service]\nExecStart=/usr/local/bin/rke2 server\n', ...files },
    {
      units: [unitOf({ name: 'rke2-server.service', fragmentPath, mainPid: 640 })],
      processes: [
        processOf(['/usr/local/bin/rke2 server'], {
          pid: 640,
          name: 'rke2',
          version: `rke2 version ${version}+rke2r1`,
        }),
        processOf(['kubelet'], { pid: 700, parent: 640 }),
      ],
    },
  );
}

const rke2Config = '/etc/rancher/rke2/config.yaml';
const faults = (facts: NodeFacts): string[] =>
  setupOf(facts).sources.faults.map(({ path, line, message }) => `${path}:${line ?? ''} ${message}`);

describe('the read-only port of a k3s without --config', () => {
  it.each([
    ['v1.31.9', 0],
    ['v1.32.0', 10255],
    ['v1.32.3', 10255],
    ['v1.32.4', 0],
    ['v1.36.0', 0],
  ])('%s: %i', (version, port) => {
    expect(valueOf(k3sNode(version, {}), 'readOnlyPort')).toBe(port);
  });
});

describe('the place of the configuration', () => {
  it.each([
    ['--config', '/usr/local/bin/k3s server --config /srv/c.yaml', {}],
    ['-c', '/usr/local/bin/k3s server -c /srv/c.yaml', {}],
    ['a flag before the role', '/usr/local/bin/k3s --debug agent --config=/srv/c.yaml', {}],
  ])('%s names another file, whose folder follows', (_, command, more) => {
    const files = { '/srv/c.yaml': 'kubelet-arg: v=2\n', '/srv/c.yaml.d/a.yaml': 'kubelet-arg+: event-qps=7\n' };
    const facts = k3sNode('v1.31.4', { ...files, [config]: 'kubelet-arg: event-qps=9\n', ...more }, command);
    expect(valueOf(facts, 'eventRecordQPS')).toBe(7);
    expect(setupOf(facts).folders).toContain('/srv/c.yaml.d');
  });

  it('a named file that is missing is a fault, the usual one may be missing', () => {
    const facts = k3sNode('v1.33.1', {}, '/usr/local/bin/k3s server --config=/srv/none.yaml');
    expect(faults(facts)).toEqual(['/srv/none.yaml: the file could not be read']);
    expect(faults(k3sNode('v1.33.1', {}))).toEqual([]);
  });

  it('an unreadable file is a fault, and no value is taken for known', () => {
    const facts = k3sNode('v1.33.1', {});
    const files = new Map(facts.files).set(config, { kind: 'unreadable', path: config, reason: 'x' } as const);
    expect(faults({ ...facts, files })).toEqual([`${config}: the file could not be read (x)`]);
  });

  it('sub-folders of config.yaml.d are not read, those of kubelet.conf.d are', () => {
    const facts = k3sNode('v1.33.1', {
      [`${config}.d/sub/a.yaml`]: 'kubelet-arg: event-qps=9\n',
      [`${folder}/30/a.conf`]: `${head}podPidsLimit: 5\n`,
    });
    expect([valueOf(facts, 'eventRecordQPS'), valueOf(facts, 'podPidsLimit')]).toEqual([50, 5]);
  });

  it('data-dir moves the folder and the files, by key, argument or variable', () => {
    for (const facts of [
      k3sNode('v1.33.1', { [config]: 'data-dir: /srv/k/\n' }),
      k3sNode('v1.33.1', {}, '/usr/local/bin/k3s server -d /srv/k'),
      k3sNode('v1.33.1', {}, '/usr/local/bin/k3s server\nEnvironment=K3S_DATA_DIR=/srv/k'),
    ]) {
      const setup = setupOf(facts);
      expect(setup.folders).toContain('/srv/k/agent/etc/kubelet.conf.d');
      expect(setup.files['client-ca']).toBe('/srv/k/agent/client-ca.crt');
    }
  });
});

describe('kubelet-arg', () => {
  it.each([
    ['replaces the own value', ['read-only-port=10255'], 10255],
    ['-- in front makes no difference', ['--read-only-port=10255'], 10255],
    ['+= stands behind the own value', ['read-only-port+=10255'], 10255],
    ['-= stands before the own value', ['read-only-port-=10255'], 0],
    ['of several the last wins', ['read-only-port=1', 'read-only-port=2'], 2],
  ])('%s', (_, entries, port) => {
    const facts = k3sNode('v1.33.1', { [config]: `kubelet-arg: ${JSON.stringify(entries)}\n` });
    expect(valueOf(facts, 'readOnlyPort')).toBe(port);
  });

  it('a value of its own may begin with a dash', () => {
    const facts = k3sNode('v1.31.4', {}, '/usr/local/bin/k3s server --kubelet-arg --event-qps=3 --debug');
    expect(valueOf(facts, 'eventRecordQPS')).toBe(3);
  });

  it('swallows its neighbour from 1.32 where it is bare, and not before', () => {
    const files = { [config]: 'kubelet-arg: [seccomp-default, event-qps=3]\n' };
    expect(valueOf(k3sNode('v1.33.1', files), 'eventRecordQPS')).toBe(50);
    expect(valueOf(k3sNode('v1.31.4', files), 'eventRecordQPS')).toBe(3);
    expect(setupOf(k3sNode('v1.33.1', files)).sources.hidden.map(({ value }) => value)).toEqual(['--event-qps=3']);
  });
});

describe('the age of what runs', () => {
  const started = 1_700_000_000;
  const younger = (path: string, text: string): NodeFacts => {
    const facts = k3sNode('v1.33.1', {});
    return { ...facts, files: new Map(facts.files).set(path, fileOf(path, text, { mtime: started + 60 })) };
  };
  it.each([
    [`${folder}/50-user.conf`, `${head}podPidsLimit: 5\n`, true],
    [`${config}.d/50.yaml`, 'debug: true\n', true],
    [`${folder}/00-k3s-defaults.conf`, head, false],
    [`${folder}/10-cli-config.conf`, head, false],
    [`${folder}/20-cli-config-dir/a.conf`, head, false],
  ])('a newer %s', (path, text, outdated) => {
    const facts = younger(path, text);
    expect(outdatedReason(facts, setupOf(facts)) !== undefined).toBe(outdated);
  });
});

describe('the name of the node', () => {
  it.each([
    ['its host’s, in small letters', {}, 'node1'],
    ['the key’s', { [config]: 'node-name: Edge-7\n' }, 'edge-7'],
    ['not known with an id behind it', { [config]: 'with-node-id: true\n' }, undefined],
  ])('%s', (_, files, name) => {
    expect(flagOnly(setupOf(k3sNode('v1.33.1', files)).sources, 'hostname-override')?.value).toBe(name);
  });
});

describe('a profile of RKE2', () => {
  const has = (user: boolean, group: boolean): Partial<NodeFacts> => ({
    accounts: new Map([['etcd', { user, group }]]),
  });
  const server = (profile: string): NodeFacts => rke2Node({ ...kernelFits, [rke2Config]: `profile: ${profile}\n` });

  it.each([
    [true, true, undefined],
    [false, true, 'the user etcd on a server, but it does not exist. Run: useradd -r -s /sbin/nologin -M etcd -U'],
    [false, false, 'the user and the group etcd on a server, but it does not exist. Run: useradd'],
    [true, false, 'the group etcd on a server, but it does not exist. Run: groupadd -r etcd'],
  ])('wants the account of etcd on a server: user %s, group %s', (user, group, fault) => {
    for (const profile of ['cis', 'etcd']) {
      const found = faults({ ...server(profile), ...has(user, group) });
      expect(found.join()).toContain(fault ?? '');
      expect(found).toHaveLength(fault === undefined ? 0 : 1);
    }
    expect(faults({ ...server('""'), ...has(user, group) })).toEqual([]);
    const agent = readNode('rke2-agent-1.31').facts;
    const text = 'profile: cis\n';
    const files = new Map(agent.files).set(rke2Config, fileOf(rke2Config, text));
    expect(faults({ ...agent, files, ...has(user, group) })).toEqual([]);
  });

  it('says nothing of an account that could not be looked up', () => {
    expect(faults(server('cis'))).toEqual([]);
  });

  it.each([
    ['cis-1.23', `${rke2Config}:1 unknown profile "cis-1.23"; rke2 accepts cis, etcd`],
    ['CIS', `${rke2Config}:1 unknown profile "CIS"; rke2 accepts cis, etcd`],
  ])('%s stops it from starting', (profile, fault) => {
    expect(faults(rke2Node({ ...kernelFits, [rke2Config]: `profile: ${profile}\n` }))).toEqual([fault]);
  });

  it.each(['cis', 'etcd', '""'])('%s is known', (profile) => {
    expect(faults(rke2Node({ ...kernelFits, [rke2Config]: `profile: ${profile}\n` }))).toEqual([]);
  });

  it('cis protects the kernel’s settings, in old versions too', () => {
    for (const version of ['v1.33.1', 'v1.31.4']) {
      const facts = rke2Node({ ...kernelFits, [rke2Config]: 'profile: cis\n' }, version);
      expect(valueOf(facts, 'protectKernelDefaults')).toBe(true);
    }
    expect(valueOf(rke2Node({ [rke2Config]: 'profile: etcd\n' }), 'protectKernelDefaults')).toBe(false);
  });

  it('cis with the protection off, or with other kernel settings, stops it from starting', () => {
    const off = rke2Node({ ...kernelFits, [rke2Config]: 'profile: cis\nprotect-kernel-defaults: false\n' });
    expect(faults(off)).toEqual([`${rke2Config}:2 protect-kernel-defaults is off, but profile cis requires it`]);
    const unfit = rke2Node({ ...kernelFits, '/proc/sys/kernel/panic': '0\n', [rke2Config]: 'profile: cis\n' });
    expect(faults(unfit)).toEqual([
      `${rke2Config}:1 profile cis requires kernel.panic=10, but the kernel has 0. Run: sysctl -w kernel.panic=10`,
    ]);
  });

  it('means nothing to k3s', () => {
    expect(faults(k3sNode('v1.33.1', { [config]: 'profile: anything\n' }))).toEqual([]);
  });
});

describe('the process', () => {
  it('of RKE2 is the child named kubelet, followed by its own log', () => {
    const setup = setupOf(rke2Node({ [rke2Config]: 'data-dir: /srv/r/\n' }));
    expect(setup.process?.pid).toBe(700);
    expect(setup.watch).toMatchObject({ child: true, logPath: '/srv/r/agent/logs/kubelet.log' });
  });

  it('of k3s is the supervisor itself', () => {
    const { setup, distro } = detectDistro(readNode('k3s-renamed-unit').facts) ?? {};
    expect([distro?.name, setup?.watch.unit, setup?.process?.pid]).toEqual(['k3s', 'k3s-edge.service', 812]);
  });
});
