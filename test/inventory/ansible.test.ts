/** Ansible inventories as people have them: what is taken over, and that nothing is lost in silence. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandHosts } from '../../src/inventory/ansible-range.js';
import { noteLines } from '../../src/inventory/draft.js';
import { type AnsibleChoice, ansibleGroups, draftFromAnsible, readAnsible } from '../../src/inventory/from-ansible.js';
import { ToolError } from '../../src/lib/errors.js';

/** Hosts as [name, address, group, ssh], and the notes. */
function read(text: string, { file = 'hosts.ini', ...choice }: AnsibleChoice & { readonly file?: string } = {}) {
  const { hosts, notes } = draftFromAnsible(readAnsible(file, text), choice);
  return {
    hosts: hosts.map(({ name, address, group, role, ssh }) => [name, address, `${group}/${role}`, ssh]),
    notes: noteLines(notes),
  };
}

const faultOf = (text: string, file = 'hosts.ini'): string => {
  try {
    readAnsible(file, text);
  } catch (error) {
    if (error instanceof ToolError) return error.message;
    throw error;
  }
  return '';
};

describe('INI', () => {
  it('as tutorials write it: ranges, aliases, ports, group variables, children', () => {
    const { hosts, notes } = read(`# our cluster
[masters]
cp1 ansible_host=10.0.0.10
[workers]
web[01:03] ansible_port=2222   # three of them
db-[a:b].example.com:2200 ansible_user=dba

[k8s:children]
masters
workers
[k8s:vars]
ansible_user=deploy
ansible_ssh_private_key_file=~/.ssh/id_deploy
ansible_ssh_common_args='-J ops@bastion:2222 -o StrictHostKeyChecking=no'
ansible_become_user = root
ansible_python_interpreter=/usr/bin/python3
k8s_version = 1.34
[workers:vars]
ansible_user="ops"  # a comment
`);
    const ssh = { identityFile: '~/.ssh/id_deploy', jump: ['ops@bastion:2222'] };
    expect(hosts).toEqual([
      ['cp1', '10.0.0.10', 'masters/control-plane', { ...ssh, user: 'deploy' }],
      ...['web01', 'web02', 'web03'].map((name) => [
        ...[name, undefined, 'workers/worker', { ...ssh, user: 'ops', port: 2222 }],
      ]),
      ...['a', 'b'].map((letter) => [
        ...[`db-${letter}.example.com`, undefined, 'workers/worker', { ...ssh, user: 'dba', port: 2200 }],
      ]),
    ]);
    expect(notes).toEqual([
      'hosts.ini:14: ansible_ssh_common_args: StrictHostKeyChecking="no" is not carried over: kubelatch always checks host keys',
      'hosts.ini:17: k8s_version without ansible_ in front are no connection settings, and are left out',
    ]);
  });

  it('of one who keeps the hosts under three roles, with a bastion and an external etcd', () => {
    const { hosts, notes } = read(`[all]
node1 ansible_host=95.54.0.12 ip=10.3.0.1 etcd_member_name=etcd1
node2 ansible_host=95.54.0.13
node3 ansible_host=95.54.0.14
bastion ansible_host=95.54.0.2 ansible_user=some_user

[bastion]
bastion
[kube_control_plane]
node1
[etcd]
node1
node2
[kube_node]
node2
node3
[k8s_cluster:children]
kube_control_plane
kube_node
`);
    expect(hosts.map((host) => [host[0], host[2]])).toEqual([
      ['node1', 'kube_control_plane/control-plane'],
      ['node2', 'etcd/worker'],
      ['node3', 'kube_node/worker'],
    ]);
    expect(notes).toEqual([
      'hosts.ini:5: hosts of the group "bastion" are left out; take them with --group',
      'hosts.ini:2: ip and 1 more variables without ansible_ in front are no connection settings, and are left out',
    ]);
  });

  it('takes a jump host from the ProxyCommand that was usual before ProxyJump', () => {
    const { hosts, notes } = read(
      `n1 ansible_ssh_common_args='-o ProxyCommand="ssh -W %h:%p -q -p 2222 ops@gw"'\n` +
        `n2 ansible_ssh_common_args='-o ProxyCommand="nc -X connect %h %p"'\nn3 ansible_ssh_extra_args="-oProxyJump=a,b -vvv -o ControlPersist=60s -F x"\n`,
    );
    expect(hosts.map((host) => host[3])).toEqual([{ jump: ['ops@gw:2222'] }, {}, { jump: ['a', 'b'] }]);
    expect(notes).toEqual([
      'hosts.ini:2: ansible_ssh_common_args: ProxyCommand "nc -X connect %h %p" is not carried over: kubelatch knows jump hosts alone',
      'hosts.ini:3: ansible_ssh_extra_args: -F "x" is not carried over',
    ]);
  });

  it('leaves out hosts that are not reached over SSH, or not by what is written', () => {
    const { hosts, notes } = read(`localhost ansible_connection=local
w1 ansible_connection=winrm
n1 ansible_host='{{ inventory_hostname }}.example.com'
n2 ansible_host="{{ lookup('dns', 'x') }}"
n3 ansible_port=99999
n4 ansible_become_pass=geheim ansible_password=hunter2 ansible_become=false ansible_become_method=su
n5 ansible_winrm_transport=ntlm
n6 ansible_host=n5
`);
    expect(hosts.map((host) => host.slice(0, 2))).toEqual([
      ['n1', 'n1.example.com'],
      ['n4', undefined],
      ['n5', undefined],
    ]);
    expect(notes.join('\n')).not.toMatch(/geheim|hunter2/);
    expect(notes).toEqual([
      'hosts.ini:1: ansible_connection=local: kubelatch reaches hosts over SSH alone; localhost is left out',
      'hosts.ini:2: ansible_connection=winrm: kubelatch reaches hosts over SSH alone; w1 is left out',
      'hosts.ini:4: ansible_host is a template, which kubelatch cannot evaluate; n2 is left out',
      'hosts.ini:6: ansible_become_pass is not carried over: kubelatch asks for passwords',
      'hosts.ini:6: ansible_password is not carried over: kubelatch asks for passwords',
      'hosts.ini:6: ansible_become=false is not carried over: kubelatch needs root, and uses sudo',
      'hosts.ini:6: ansible_become_method=su is not carried over: kubelatch uses sudo',
      'hosts.ini:7: ansible_winrm_transport is not carried over: kubelatch has no such setting',
      'hosts.ini:5: the port 99999 is not from 1 to 65535; the host is left out',
      'hosts.ini:8: "n6" is the same machine as "n5"; the host is left out',
    ]);
  });

  it.each([
    ['[web', '"[web": unbalanced brackets'],
    ['[a b]', '"[a b]" is not a [group]'],
    ['[a:kids]', '[a:kids] is not known: use [group], [group:children] or [group:vars]'],
    ['n1 port', '"port" is not NAME=VALUE'],
    ['n1 x="y', 'the quote " is not closed'],
    ['[a:vars]\nx', '"x" is not NAME=VALUE'],
    ['n[1:x]', '[1:x] is not a range'],
    ['n[1:999999]', '[1:999999]: more than 5000 hosts'],
    ['n[1:100][1:100]', '"n[1:100][1:100]": more than 5000 hosts'],
    ['n[9:1]', '[9:1] ends before it starts'],
    ['[a:children]\nb c', '"b c" is not the name of one group'],
    ['[a:children]\nb\n[b:children]\nc\n[c:children]\na', 'groups are below themselves: a > b > c > a'],
    ['#!/usr/bin/env python3\n', 'this is a program, and kubelatch starts no inventory programs'],
    ['$ANSIBLE_VAULT;1.1;AES256\n6162', 'the file is encrypted with Ansible Vault'],
    ['x'.repeat(4 * 1024 * 1024 + 1), 'the file is larger than 4 MiB'],
  ])('refuses %j with file and line', (text, message) => {
    const fault = faultOf(text);
    expect(fault).toContain(message);
    expect(fault).toMatch(/^hosts\.ini:\d+: [^\n]*$/);
  });

  it('names the line of the mistake', () => {
    expect(faultOf('[web]\nw1\n\nw[2:1]\n')).toBe('hosts.ini:4: [2:1] ends before it starts');
    expect(faultOf('[a:children]\nb\n[b:children]\na\n')).toMatch(/^hosts\.ini:4: groups are below themselves/);
  });
});

describe('YAML', () => {
  const text = `---
all:
  vars:
    ansible_user: deploy
    ansible_become_password: !vault |
      $ANSIBLE_VAULT;1.1;AES256
      62313365396662343061393464336163383764373764613633653634306231386433626436623361
  children:
    server:
      hosts:
        192.16.35.11:
    agent:
      vars: { ansible_port: 2222 }
      hosts:
        node[1:2]:
          ansible_host: "10.0.0.1{{ 1 }}"
        node3: { ansible_host: 10.0.0.13, ansible_become: true }
`;

  it('with groups in groups, numbers, booleans and encrypted values', () => {
    const { hosts, notes } = read(text, { file: 'hosts.yml' });
    expect(hosts).toEqual([
      ['192.16.35.11', undefined, 'server/control-plane', { user: 'deploy' }],
      ['node3', '10.0.0.13', 'agent/worker', { user: 'deploy', port: 2222 }],
    ]);
    expect(notes).toEqual([
      'hosts.yml:5: ansible_become_password is not carried over: kubelatch asks for passwords',
      'hosts.yml:16: ansible_host is a template, which kubelatch cannot evaluate; node1 is left out',
      'hosts.yml:16: ansible_host is a template, which kubelatch cannot evaluate; node2 is left out',
    ]);
  });

  it('leaves out a host whose address or user is encrypted, and says where', () => {
    const { hosts, notes } = read(
      `all:\n  hosts:\n    n1:\n      ansible_host: !vault |\n        $ANSIBLE_VAULT;1.1\n`,
      {
        file: 'h.yaml',
      },
    );
    expect(hosts).toEqual([]);
    expect(notes).toEqual([
      'h.yaml:4: ansible_host is encrypted with Ansible Vault, which kubelatch cannot read; n1 is left out',
    ]);
  });

  it('takes the groups and the control plane that were chosen', () => {
    const inventory = readAnsible('h.yaml', text);
    expect(ansibleGroups(inventory)).toEqual([
      { name: 'all', hosts: 4, control: false },
      { name: 'server', hosts: 1, control: true },
      { name: 'agent', hosts: 3, control: false },
    ]);
    const { hosts } = read(text, { file: 'h.yaml', groups: ['agent'], controlPlane: ['node3'] });
    expect(hosts.map((host) => [host[0], host[2]])).toEqual([['node3', 'agent/control-plane']]);
    expect(() => read(text, { file: 'h.yaml', groups: ['agents'] })).toThrow('h.yaml has no group "agents"');
  });

  it.each([
    ['- a\n', 'an inventory is a mapping of groups'],
    ['a:\n  hosts: [n1]\n', 'hosts of the group "a" is not a mapping'],
    ['a:\n  host: {n1: }\n', '"host" in the group "a" is not hosts, children or vars'],
    ['a: {children: {b: {children: {a: }}}}\n', 'groups are below themselves: a > b > a'],
    ['_meta: {hostvars: {}}\n', 'this is the output of --list in JSON'],
    ['a: &x {children: {b: *x}}\n', 'this alias is inside its own anchor'],
    ['a: {hosts: {n1: 5}}\n', 'the variables of "n1" are not a mapping'],
  ])('refuses %j with file and line', (bad, message) => {
    const fault = faultOf(bad, 'h.yml');
    expect(fault).toContain(message);
    expect(fault).toMatch(/^h\.yml:\d+: [^\n]*$/);
  });

  it('is known without a name that says so', () => {
    expect(readAnsible('hosts', 'all:\n  hosts:\n    n1:\n').hosts.size).toBe(1);
    expect(readAnsible('hosts', '# c\nn1\n').hosts.size).toBe(1);
  });
});

describe('host patterns', () => {
  it('stand for every step from the first to the last, with zeros as written', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(30), fc.integer({ min: 1, max: 4 }), fc.nat(4), (from, more, step, zeros) => {
        const width = zeros === 0 ? 0 : String(from + more).length + zeros;
        const bound = (n: number): string => String(n).padStart(width, '0');
        const made = expandHosts(`w[${bound(from)}:${bound(from + more)}:${step}].x`, 100);
        const wanted: string[] = [];
        for (let n = from; n <= from + more; n += step) wanted.push(`w${bound(n)}.x`);
        expect(made).toEqual({ ok: true, value: { names: wanted, port: undefined } });
      }),
    );
  });

  it('never throw, and never stand for more than they may', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('[', ']', ':', '0', '9', 'a', 'z', '-', '.'), maxLength: 16 }),
        (text) => {
          const made = expandHosts(text, 50);
          if (made.ok) expect(made.value.names.length).toBeLessThanOrEqual(50);
        },
      ),
    );
  });

  it.each([
    ['[2001:db8::1]:22', ['2001:db8::1'], 22],
    ['2001:db8::1', ['2001:db8::1'], undefined],
    ['h:2222', ['h'], 2222],
    ['n[:2]', ['n0', 'n1', 'n2'], undefined],
  ])('%s', (text, names, port) => {
    expect(expandHosts(text, 10)).toEqual({ ok: true, value: { names, port } });
  });
});
