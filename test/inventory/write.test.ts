/** What init writes is small, and is read again as the same hosts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DraftHost, type DraftSsh, noteLines, settleDraft } from '../../src/inventory/draft.js';
import { draftFromNames, draftFromNodes, typedHostFault } from '../../src/inventory/from-nodes.js';
import { loadInventory } from '../../src/inventory/load.js';
import { inventoryYaml } from '../../src/inventory/write.js';

const cluster = { name: 'prod-eu', kubeconfig: '/home/a b/config', context: 'admin@prod' };
const written = (hosts: readonly DraftHost[]): string => inventoryYaml({ about: ['Made by a test.'], cluster, hosts });

describe('the file', () => {
  it('has settings once, ranges for neighbours, and says what is what', () => {
    const { hosts } = draftFromNames({
      controlPlane: ['cp[1:3]=10.0.0.[10:12]'],
      workers: ['node[08:12]', 'edge=192.0.2.7'],
      ssh: { user: 'deploy', jump: ['ops@bastion:2222'] },
    });
    expect(written(hosts)).toBe(`# Made by a test.
cluster:
  # You type this name to confirm dangerous steps.
  name: prod-eu
  kubeconfig: "/home/a b/config"
  context: admin@prod

# For all hosts. What is not set here comes from ~/.ssh/config, such as ProxyJump.
ssh:
  user: deploy
  jump: ["ops@bastion:2222"]

groups:
  control-plane:
    role: control-plane
    hosts:
      cp[1:3]: { address: '10.0.0.[10:12]' }
  workers:
    role: worker
    hosts:
      node[08:12]: {}
      edge: { address: 192.0.2.7 }
`);
  });

  it('shows in comments how to reach the API server and a bastion, where nothing says so', () => {
    const { hosts } = draftFromNames({ controlPlane: ['cp1'], workers: ['n1'], ssh: {} });
    const text = inventoryYaml({ about: [], cluster: { name: 'c' }, hosts });
    expect(text.slice(0, text.indexOf('groups:'))).toBe(`cluster:
  # You type this name to confirm dangerous steps.
  name: c
  # The API server. Without it, kubelatch cannot check that nodes are Ready after a change.
  # kubeconfig: ~/.kube/config
  # context: NAME
  # Or kubectl on one of the hosts below, over SSH:
  # via: cp1

# For all hosts. What is not set here comes from ~/.ssh/config, such as ProxyJump.
# ssh:
#   jump: [bastion]

`);
    const used = text.replace('# via', 'via').replace('# ssh:', 'ssh:').replace('#   jump', '  jump');
    expect(loadInventory('i', used)).toMatchObject({
      cluster: { via: 'cp1' },
      hosts: [{ ssh: { jump: ['bastion'] } }, {}],
    });
  });

  it('sets at a group what its hosts share, and at a host what is its own', () => {
    const host = (name: string, group: string, ssh: DraftSsh): DraftHost => ({
      ...{ name, group, ssh, role: 'worker', place: '' },
    });
    const text = written([
      host('a', 'x', { user: 'ops', port: 22 }),
      host('b', 'x', { user: 'ops', port: 2222 }),
      host('c', 'z', { port: 22, jump: [] }),
    ]);
    expect(text.slice(text.indexOf('groups:'))).toBe(`groups:
  x:
    role: worker
    ssh: { user: ops }
    hosts:
      a: { ssh: { port: 22 } }
      b: { ssh: { port: 2222 } }
  z:
    role: worker
    ssh: { port: 22, jump: [] }
    hosts:
      c: {}
`);
  });

  const word = fc.stringMatching(/^[a-z0-9_][a-zA-Z0-9._-]{0,6}[0-9]{0,3}$/);
  const ssh = fc.record(
    {
      user: fc.constantFrom('ops', 'deploy', 'true', 'a.b', '0x1', 'max@corp'),
      port: fc.constantFrom(22, 2222),
      identityFile: fc.constantFrom('/root/.ssh/id', '~/key # 1', '/x: {y}'),
      jump: fc.constantFrom([], ['bastion'], ['ops@b:22', '[2001:db8::1]:22']),
    },
    { requiredKeys: [] },
  );
  const address = fc.oneof(
    fc.nat(20).map((n) => `10.0.0.${n}`),
    fc.nat(20).map((n) => `node${n}.k8s.example`),
    fc.constantFrom('2001:db8::1', '::1', 'NO', '1e3', undefined),
  );
  const numbered = fc.nat(30).map((n) => `node${String(n).padStart(2, '0')}`);
  const host = fc.record({
    name: fc.oneof(numbered, numbered, word),
    address,
    nodeName: fc.constantFrom(undefined, undefined, undefined, 'ip-10-0-0-1'),
    group: fc.constantFrom('control-plane', 'workers', 'node01', 'null'),
    role: fc.constantFrom('control-plane' as const, 'worker' as const),
    ssh: fc.oneof(fc.constant<DraftSsh>({ user: 'ops' }), ssh),
    place: fc.constant('x'),
  });

  it('is read again as the same hosts, whatever their names and settings are', () => {
    fc.assert(
      fc.property(fc.array(host, { minLength: 1, maxLength: 30 }), (made) => {
        const { hosts, notes } = settleDraft({ hosts: made, notes: [] });
        expect(hosts.length + notes.length).toBe(made.length);
        fc.pre(hosts.length > 0);
        const again = loadInventory('/x/inventory.yaml', written(hosts));
        expect(again.cluster).toMatchObject(cluster);
        const sorted = <T extends { readonly name: string }>(list: readonly T[]): T[] =>
          list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
        // Names that are numbers come first, as keys do.
        expect(sorted(again.hosts)).toMatchObject(
          sorted(hosts).map(({ name, address: at, nodeName, group, role, ssh: { user, port, jump = [] } }) => ({
            ...{ name, address: at ?? name, nodeName, group, role, ssh: { user, port, jump } },
          })),
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe('the nodes of a cluster', () => {
  const node = (name: string, controlPlane: boolean, ...addresses: readonly (readonly [string, string])[]) => ({
    ...{ name, controlPlane, addresses: addresses.map(([type, address]) => ({ type, address })) },
  });

  it('are dialled by their internal address, the control plane first', () => {
    const { hosts, notes } = draftFromNodes(
      [
        node('node10', false, ['Hostname', 'node10'], ['ExternalIP', '192.0.2.10'], ['InternalIP', '10.0.0.30']),
        node('node9', false, ['InternalIP', 'fd00::9'], ['InternalIP', '10.0.0.29']),
        node('cp1', true, ['Hostname', 'cp1'], ['ExternalIP', '192.0.2.1']),
        node('edge', false),
      ],
      'cluster prod',
      {},
    );
    expect(hosts.map(({ name, address, role, group }) => [name, address, role, group])).toEqual([
      ['cp1', undefined, 'control-plane', 'control-plane'],
      ['edge', undefined, 'worker', 'workers'],
      ['node9', '10.0.0.29', 'worker', 'workers'],
      ['node10', '10.0.0.30', 'worker', 'workers'],
    ]);
    expect(noteLines(notes)).toEqual(['cluster prod, node edge: has no address: its name is used']);
  });

  it('that no inventory can hold are left out, each with a word', () => {
    const { hosts, notes } = draftFromNodes(
      [
        node('ok', false, ['InternalIP', '10.0.0.1']),
        node('evil\u001b[2J\nx', false, ['InternalIP', '10.0.0.2']),
        node('-oProxyCommand=x', false, ['InternalIP', '10.0.0.3']),
        node('twin', false, ['InternalIP', '10.0.0.1']),
        node('bad', false, ['InternalIP', '$(reboot)']),
        node('all', false, ['InternalIP', '10.0.0.4']),
      ],
      'cluster c',
      {},
    );
    expect(hosts.map(({ name }) => name)).toEqual(['bad', 'ok']);
    expect(hosts[0]?.address).toBeUndefined();
    expect(notes.filter(({ message }) => message.endsWith('the host is left out'))).toHaveLength(4);
  });
});

describe('typed hosts', () => {
  it.each([
    ['node[1:3', 'unbalanced brackets'],
    ['a=b=c', '"b=c" is not a host name or an IP address'],
    ['cp[1:3]=10.0.0.[1:2]', '"cp[1:3]=10.0.0.[1:2]": 3 names, but 2 addresses'],
    ['x[1:999999]', 'more than 5000 hosts'],
    ['ops@n1', 'is not a valid name'],
    ['300.1.1.1', '"300.1.1.1" is not an IPv4 address'],
  ])('%s: %s', (text, fault) => {
    expect(typedHostFault(text)).toContain(fault);
  });

  it('may be addresses alone', () => {
    const { hosts } = draftFromNames({ controlPlane: [], workers: ['10.0.0.1', '2001:db8::7'], ssh: {} });
    expect(hosts.map(({ name, address }) => [name, address])).toEqual([
      ['10.0.0.1', undefined],
      ['2001-db8--7', '2001:db8::7'],
    ]);
    expect(typedHostFault('2001:db8::7')).toBeUndefined();
  });
});
