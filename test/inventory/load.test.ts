import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadInventory, readInventory } from '../../src/inventory/load.js';
import { ToolError } from '../../src/lib/errors.js';

const start = 'cluster: {name: lab}\ngroups:\n  workers:\n    role: worker\n    hosts:\n';

/** The lines of the error that a faulty inventory throws. */
function faults(text: string): readonly string[] {
  try {
    loadInventory('inventory.yaml', text);
  } catch (error) {
    expect(error).toBeInstanceOf(ToolError);
    expect((error as ToolError).code).toBe('inventory');
    return (error as ToolError).message.split('\n');
  }
  return [];
}

describe('a valid inventory', () => {
  it('is the example, with host > group > ssh', async () => {
    const inventory = await readInventory('inventory.example.yaml');
    expect(inventory.cluster).toMatchObject({ name: 'prod-eu', context: 'prod-eu' });
    expect(inventory.cluster.kubeconfig).toMatch(/^\/.*\/\.kube\/config$/);
    expect(inventory.hosts).toHaveLength(3 + 40 + 9 + 4 + 1);
    const byName = new Map(inventory.hosts.map((host) => [host.name, host]));
    expect(byName.get('cp1')).toMatchObject({ address: '10.0.0.10', role: 'control-plane', group: 'control-plane' });
    expect(byName.get('cp1')?.ssh).toMatchObject({ user: 'deploy', port: 22, jump: ['bastion'], become: 'sudo' });
    expect(byName.get('node07')).toMatchObject({ address: 'node07', role: 'worker', ssh: { user: 'ops', port: 22 } });
    expect(byName.get('gpu2')?.address).toBe('10.0.8.12');
    expect(byName.get('edge1')).toMatchObject({
      nodeName: 'ip-192-0-2-7',
      ssh: { user: 'ops', port: 2222, jump: [], direct: true },
    });
  });

  it('starts with ten lines that work as they stand', async () => {
    const comments = (await readFile('inventory.example.yaml', 'utf8')).split('\n').slice(3, 13);
    const inventory = loadInventory('x.yaml', comments.map((line) => line.replace(/^# {3}/, '')).join('\n'));
    expect(inventory.hosts.map((host) => host.name).slice(0, 2)).toEqual(['cp1', 'node01']);
    expect(inventory.hosts).toHaveLength(41);
  });

  it('leaves to ~/.ssh/config what it does not say', () => {
    const [host] = loadInventory('i.yaml', `${start}      a:\n`).hosts;
    expect(host?.ssh).toEqual({
      user: undefined,
      port: undefined,
      identityFile: undefined,
      knownHostsFile: undefined,
      jump: [],
      become: 'sudo',
    });
  });

  it('takes a jump as a text, several with commas, or a list, and the nearest one alone', () => {
    const text = `${start}      a: {ssh: {jump: "one, two@h:22"}}\n      b: {ssh: {jump: ["[2001:db8::1]:2222"]}}\n`;
    expect(loadInventory('i.yaml', text).hosts.map((host) => host.ssh.jump)).toEqual([
      ['one', 'two@h:22'],
      ['[2001:db8::1]:2222'],
    ]);
  });

  it('takes the transport of the host, its group, or all', () => {
    const text = `cluster: {name: lab}
ssh: {transport: auto}
groups:
  a: {role: worker, ssh: {transport: openssh}, hosts: {a1: {}, a2: {ssh: {transport: ssh2}}}}
  b: {role: worker, hosts: {b1: {}}}
`;
    expect(loadInventory('i.yaml', text).hosts.map((host) => host.ssh.transport)).toEqual(['openssh', 'ssh2', 'auto']);
  });

  it('gives the lowest jumpForks to all hosts with the same jump, and none to those without', () => {
    const text = `cluster: {name: lab}
ssh: {jump: j, jumpForks: 8}
groups:
  a: {role: worker, ssh: {jumpForks: 4}, hosts: {a1: {}, a2: {ssh: {jumpForks: 1}}}}
  b: {role: worker, hosts: {b1: {}, b2: {ssh: {jump: k, jumpForks: 3}}, b3: {ssh: {jump: []}}}}
`;
    expect(loadInventory('i.yaml', text).hosts.map((host) => host.ssh.jumpForks)).toEqual([1, 1, 1, 3, undefined]);
    const without = loadInventory('i.yaml', text.replaceAll(/jumpForks: \d/g, 'port: 22'));
    expect(without.hosts.map((host) => host.ssh.jumpForks)).toEqual(Array(5).fill(undefined));
  });

  it('finds paths from its own folder', () => {
    const text = `${start}      a: {ssh: {identityFile: keys/id, knownHostsFile: /k}}\n`;
    expect(loadInventory('/srv/fleet/i.yaml', text).hosts[0]?.ssh).toMatchObject({
      identityFile: '/srv/fleet/keys/id',
      knownHostsFile: '/k',
    });
  });

  it('leaves a kubeconfig on the `via` host as it is written', () => {
    const text = `cluster: {name: lab, via: a, kubeconfig: ~/admin.conf}\ngroups: {g: {role: control-plane, hosts: {a: {}}}}`;
    expect(loadInventory('i.yaml', text).cluster).toMatchObject({ via: 'a', kubeconfig: '~/admin.conf' });
  });

  it('may use anchors and merges', () => {
    const text = `cluster: {name: lab}\ngroups:\n  a: &g\n    role: worker\n    ssh: {user: x}\n    hosts: {a1: {}}\n  b:\n    <<: *g\n    hosts: {b1: {}}\n`;
    expect(loadInventory('i.yaml', text).hosts.map((host) => [host.name, host.ssh.user])).toEqual([
      ['a1', 'x'],
      ['b1', 'x'],
    ]);
  });
});

describe('a faulty inventory', () => {
  it('reports all mistakes at once, in the order of the file', () => {
    const text = `cluster:
  nmae: lab
ssh:
  port: 99999
  become: su
groups:
  workers:
    role: workr
    hosts:
      node1: {adress: 10.0.0.1}
      node[3:2]:
      bad name:
      node2: {address: -oProxyCommand=x}
      node4: {ssh: {jump: [ok, "a b"]}}
`;
    expect(faults(text)).toEqual([
      'inventory.yaml:1: cluster.name: is required: a string',
      'inventory.yaml:2: cluster.nmae: unknown key "nmae", did you mean "name"?',
      'inventory.yaml:4: ssh.port: must be from 1 to 65535',
      'inventory.yaml:5: ssh.become: must be one of sudo, helper, none, not "su"',
      'inventory.yaml:8: groups.workers.role: must be one of control-plane, worker, not "workr", did you mean "worker"?',
      'inventory.yaml:10: groups.workers.hosts.node1.adress: unknown key "adress", did you mean "address"?',
      'inventory.yaml:11: groups.workers.hosts.node[3:2]: [3:2] ends before it starts',
      'inventory.yaml:12: groups.workers.hosts."bad name": "bad name" is not a valid name: use letters, digits, ".", "_" and "-", at most 253 characters',
      'inventory.yaml:13: groups.workers.hosts.node2.address: "-oProxyCommand=x" is not a host name or an IP address',
      'inventory.yaml:14: groups.workers.hosts.node4.ssh.jump[1]: "a b" is not a jump host: write a name from ~/.ssh/config or [user@]host[:port]',
    ]);
  });

  it.each([
    ['', 'inventory.yaml:1: must be a mapping, not empty'],
    ['[]', 'inventory.yaml:1: must be a mapping, not a list'],
    ['cluster: {name: lab}\ngroups: {}', 'inventory.yaml:2: groups: must have at least one group with hosts'],
    [
      `${start.replace('lab', '12')}      a:`,
      'inventory.yaml:1: cluster.name: must be a string, not the number 12; put it in quotes',
    ],
    [`${start}      a: 10.0.0.1`, 'inventory.yaml:6: groups.workers.hosts.a: must be a mapping, not a string'],
    [`${start}      a:\n      a:`, 'inventory.yaml:7: the key "a" is a duplicate in the same mapping'],
    [`${start}      a: {}\n---\nb: 1`, 'inventory.yaml:7: only one YAML document is allowed in this file'],
    [
      `${start}      a: {ssh: {port: x}}`,
      'inventory.yaml:6: groups.workers.hosts.a.ssh.port: must be a number, not a string',
    ],
    [
      `${start}      a: {ssh: {port: 22.5}}`,
      'inventory.yaml:6: groups.workers.hosts.a.ssh.port: must be a whole number, not the number 22.5',
    ],
    [
      `${start}      a: {ssh: {jump: 5}}`,
      'inventory.yaml:6: groups.workers.hosts.a.ssh.jump: must be a string or a list, not the number 5',
    ],
    [
      `${start}      a: {ssh: {jumpForks: 0}}`,
      'inventory.yaml:6: groups.workers.hosts.a.ssh.jumpForks: must be from 1 to 1000',
    ],
    [
      `${start}      a: {ssh: {jumpForks: 4}}`,
      'inventory.yaml:6: groups.workers.hosts.a.ssh.jumpForks: limits the hosts behind the bastions of `jump`, and no host here has a `jump`',
    ],
    [
      `${start}      a: {ssh: {transport: opensh}}`,
      'inventory.yaml:6: groups.workers.hosts.a.ssh.transport: must be one of ssh2, openssh, auto, not "opensh", did you mean "openssh"?',
    ],
    [
      `${start}      a: {ssh: {user: -l}}`,
      'inventory.yaml:6: groups.workers.hosts.a.ssh.user: "-l" is not a user name',
    ],
    [
      `${start}      a: {ssh: {identityFile: ~bob/k}}`,
      'inventory.yaml:6: groups.workers.hosts.a.ssh.identityFile: "~bob/k": only ~/ is expanded; write the full path',
    ],
    [
      `${start}      a: {address: 10.0.0.300}`,
      'inventory.yaml:6: groups.workers.hosts.a.address: "10.0.0.300" is not an IPv4 address',
    ],
    [
      `${start}      a: {address: "10.0.0.3:22"}`,
      'inventory.yaml:6: groups.workers.hosts.a.address: "10.0.0.3:22" is not an address: set the port in ssh.port',
    ],
    [`${start}      a: {address: "x\\e[2Jy"}`, 'inventory.yaml:6: groups.workers.hosts.a.address: unbalanced brackets'],
    [
      `${start}      a[1:3]: {nodeName: x}`,
      'inventory.yaml:6: groups.workers.hosts.a[1:3].nodeName: has 1 values, but a[1:3] has 3 hosts',
    ],
    [
      `${start}      a: {nodeName: Node_1}`,
      'inventory.yaml:6: groups.workers.hosts.a.nodeName: "Node_1" is not a node name: use lower-case letters, digits, "-" and "."',
    ],
    [
      `${start}      a[1:9]:\n      a[8:9]:`,
      'inventory.yaml:7: groups.workers.hosts.a[8:9]: "a8" is already defined by workers.a[1:9], and 1 more',
    ],
    [
      `${start}      a: {address: h}\n      b: {address: H}`,
      'inventory.yaml:7: groups.workers.hosts.b: "b" is the same machine as "a": H',
    ],
    [
      `${start}      workers:`,
      'inventory.yaml:3: groups.workers: a host has the same name as this group (workers.workers)',
    ],
    [`${start}      all:`, 'inventory.yaml:6: groups.workers.hosts.all: "all" means every host and cannot be a name'],
    [`${start}      n[1:999999999]:`, 'inventory.yaml:6: groups.workers.hosts.n[1:999999999]: more than 5000 hosts'],
    [
      `${start}      {}`,
      'inventory.yaml:5: groups.workers.hosts: the group has no hosts: add hosts or remove the group',
    ],
    [
      `${start.replace('lab', 'lab, via: nod1')}      node1:`,
      'inventory.yaml:1: cluster.via: no host is named "nod1", did you mean "node1"?',
    ],
    [`${start}\ta:`, 'inventory.yaml:6: indent YAML with spaces, not with tabs'],
  ])('%j', (text, line) => {
    expect(faults(text)).toContain(line);
    expect(faults(text).every((fault) => /^inventory\.yaml:\d+: /.test(fault))).toBe(true);
  });

  it('counts the hosts of all groups against the cap', () => {
    expect(faults(`${start}      n[1:5000]:\n`)).toEqual([]);
    expect(faults(`${start}      n[1:5000]:\n      m:\n`)).toEqual([
      'inventory.yaml:7: groups.workers.hosts.m: more than 5000 hosts',
    ]);
  });

  it('cannot steer the terminal with what it holds', () => {
    const lines = faults(`${start}      "a\\e[2J\\u202eb": {}\n`);
    expect(lines.join('\n')).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(lines).toHaveLength(1);
  });

  it('does not take a file that does not exist for an empty one', async () => {
    await expect(readInventory('/nowhere/inventory.yaml')).rejects.toMatchObject({
      code: 'inventory',
      message: '/nowhere/inventory.yaml: no such file',
    });
  });
});

describe('a hostile inventory', () => {
  it.each(['__proto__', 'constructor', 'toString'])('has no host and no group %s', (name) => {
    expect(faults(`${start}      ${name}: {}\n`)[0]).toMatch(/^inventory\.yaml:6: .*cannot be a name/);
    expect(faults(`cluster: {name: lab}\ngroups:\n  ${name}: {role: worker, hosts: {a: {}}}\n`)[0]).toMatch(
      /:3: .*cannot be a name/,
    );
  });
});
