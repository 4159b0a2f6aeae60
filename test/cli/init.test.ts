/** `kubelatch init` and `inventory enrol` without a terminal: what is written, what is proved, and what is refused. */
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readInventory } from '../../src/inventory/load.js';
import { openWorkshop } from '../ssh/sshd.js';
import { type InitHost, kubeconfigOf, nodeObject, startInitHost, writeKubectl } from './init-world.js';
import { type Ran, openPlace } from './program.js';

const place = openPlace();
const shop = openWorkshop();
let [first, second]: InitHost[] = [];
const at = (name: string): string => join(place.folder, name);
const portOf = (host: InitHost | undefined): number => host?.server.port ?? 0;

beforeAll(async () => {
  first = await startInitHost(shop, 'a');
  second = await startInitHost(shop, 'b');
  place.file(
    'hosts.ini',
    `[kube_control_plane]\ncp1 ansible_port=${portOf(first)}\n[kube_node]\nn1 ansible_port=${portOf(second)}\n` +
      '[all:vars]\nansible_host=127.0.0.1\nansible_user=root\nansible_become_pass=geheim\n',
  );
  place.file('keys', `# compared\ncp1 ${first.fingerprint}\nN1 ${second.fingerprint} (ED25519)\n`);
});
afterAll(async () => {
  await Promise.all([first?.server.stop(), second?.server.stop()]);
  shop.remove();
});
beforeEach(() => {
  for (const name of ['inventory.yaml', 'known']) rmSync(at(name), { force: true });
});

const init = (...args: readonly string[]): Promise<Ran> => place.kubelatch(['init', '--known-hosts', 'known', ...args]);
const known = (): string => (existsSync(at('known')) ? readFileSync(at('known'), 'utf8') : '');

describe('from Ansible', () => {
  it('writes the inventory, trusts no key that nobody compared, and says how to go on', async () => {
    const { code, stdout, stderr } = await init('--from-ansible', 'hosts.ini');
    expect(code).toBe(3);
    expect(stderr).toContain('hosts.ini:8: ansible_become_pass is not carried over: kubelatch asks for passwords');
    expect(stderr).toContain('Wrote ./inventory.yaml.');
    expect(stderr).toContain(first?.fingerprint);
    expect(stderr).toContain('to confirm them: kubelatch inventory enrol --fingerprints FILE\n');
    expect(stderr).toContain('note: ./inventory.yaml does not say how to reach the API server.');
    expect(stderr + stdout).not.toContain('geheim');
    expect(stdout).toMatch(/^! cp1: the host key ED25519 SHA256:\S+\s+is not in known_hosts$/m);
    expect(known()).toBe('');
    expect(statSync(at('inventory.yaml')).mode & 0o777).toBe(0o644);
    const { hosts } = await readInventory(at('inventory.yaml'));
    expect(hosts).toMatchObject([
      { name: 'cp1', address: '127.0.0.1', role: 'control-plane', ssh: { user: 'root', port: portOf(first) } },
      { name: 'n1', role: 'worker', ssh: { knownHostsFile: at('known'), port: portOf(second) } },
    ]);
  });

  it('adds the keys that a file proves, tests the connections, and names the next command', async () => {
    const { code, stdout, stderr } = await init('--from-ansible', 'hosts.ini', '--fingerprints', 'keys');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '+ cp1: connected as root\n+ n1: connected as root\n' });
    expect(stderr).toContain('2 host keys added to known_hosts.\n');
    expect(stderr).toMatch(/next: kubelatch audit\n$/);
    expect(known().trimEnd().split('\n')).toHaveLength(2);
    expect(known()).toContain(`[127.0.0.1]:${portOf(first)} ${first?.server.hostKey ?? ''}`);
  });

  it('adds no key that differs from the proved one', async () => {
    place.file('wrong', `cp1 SHA256:${'x'.repeat(43)}\nn1 ${second?.fingerprint ?? ''}\n`);
    const { code, stderr } = await init('--from-ansible', 'hosts.ini', '--fingerprints', 'wrong', '--yes');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^! cp1: the host key is ED25519 SHA256:\S+, but wrong:1 has SHA256:x{43}: not added$/m);
    expect(stderr).toContain('No connection yet to cp1:');
    expect(known()).not.toContain(first?.server.hostKey);
    expect(known()).toContain(second?.server.hostKey);
  });

  it('refuses a changed key though a file proves it, and leaves known_hosts as it is', async () => {
    const before = `# mine\n[127.0.0.1]:${portOf(first)} ${second?.server.hostKey ?? ''}\n`;
    place.file('known', before);
    const { code, stdout, stderr } = await init('--from-ansible', 'hosts.ini', '--fingerprints', 'keys');
    expect(code).toBe(3);
    expect(stderr).toContain('! cp1: unreachable: the host key has changed');
    expect(stdout).toContain('! cp1: the host key has changed');
    expect(known().startsWith(before)).toBe(true);
    expect(known()).not.toContain(first?.server.hostKey);
  });

  it('takes over a file only with --force', async () => {
    place.file('inventory.yaml', 'mine');
    const refused = await init('--from-ansible', 'hosts.ini', '--no-check', '--yes');
    expect([refused.code, refused.stderr]).toEqual([
      64,
      'kubelatch: ./inventory.yaml exists\n  use -i with another file, or add --force to replace it\n',
    ]);
    expect(readFileSync(at('inventory.yaml'), 'utf8')).toBe('mine');
    const forced = await init('--from-ansible', 'hosts.ini', '--no-check', '--force');
    expect([forced.code, forced.stdout]).toEqual([0, '']);
    expect(forced.stderr).toMatch(/next: kubelatch inventory enrol\n$/);
    expect(readFileSync(at('inventory.yaml'), 'utf8')).toContain('kube_node:');
  });

  it('-o json: the check alone is on stdout', async () => {
    const { stdout } = await init('--from-ansible', 'hosts.ini', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'inventory-check', hosts: [{ host: 'cp1' }, { host: 'n1' }] });
  });
});

describe('inventory enrol', () => {
  it('adds what is proved to an inventory that is there', async () => {
    await init('--from-ansible', 'hosts.ini', '--no-check', '-i', 'prod.yaml');
    const left = await place.kubelatch(['inventory', 'enrol', '-i', 'prod.yaml', '-l', 'n1']);
    expect(left.stderr).toContain('kubelatch inventory enrol --fingerprints FILE -i prod.yaml');
    const done = await place.kubelatch(['inventory', 'enrol', '-i', 'prod.yaml', '-l', 'n1', '--fingerprints', 'keys']);
    expect([done.code, done.stdout]).toEqual([0, '+ n1: connected as root\n']);
    expect(done.stderr).toMatch(/next: kubelatch audit -i prod.yaml/);
    expect(known()).not.toContain(first?.server.hostKey);
  });
});

describe('from a cluster', () => {
  const control = { labels: { 'node-role.kubernetes.io/control-plane': '' } };
  const nodes = [
    nodeObject('n1', '127.0.0.1', { version: 'v1.33.1+k3s1' }),
    nodeObject('cp1', '127.0.0.2', control),
    nodeObject('evil\u001b[2J\u001b]0;x\u0007\nname', '127.0.0.3'),
    nodeObject('n2', '127.0.0.4; reboot'),
  ];
  const from = (...args: readonly string[]): Promise<Ran> =>
    init('--kubectl', writeKubectl(place.folder, nodes), '--from-kubeconfig', ...args);

  it('takes its nodes, and pins kubeconfig, context and name', async () => {
    place.file('kube', kubeconfigOf('other', 'prod'));
    const { code, stderr } = await from('kube', '--context', 'prod', '--no-check', '--ssh-user', 'ops');
    expect([code, stderr]).toEqual([0, expect.stringContaining('Wrote ./inventory.yaml.') as string]);

    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(stderr).toContain('is not a valid name');
    const { cluster, hosts } = await readInventory(at('inventory.yaml'));
    expect(cluster).toEqual({ name: 'prod', kubeconfig: at('kube'), context: 'prod', via: undefined });
    expect(hosts.map(({ name, address, role, ssh }) => [name, address, role, ssh.user])).toEqual([
      ['cp1', '127.0.0.2', 'control-plane', 'ops'],
      ['n1', '127.0.0.1', 'worker', 'ops'],
      ['n2', 'n2', 'worker', 'ops'],
    ]);
    expect(readFileSync(at('inventory.yaml'), 'utf8')).toMatch(
      /^# Nodes of the context prod: k3s v1\.33\.1\+k3s1, Kub/,
    );
  });

  it('does not guess which cluster is meant', async () => {
    place.file('kube', kubeconfigOf('other', 'prod'));
    const { code, stderr } = await from('kube');
    expect([code, stderr]).toEqual([
      64,
      'kubelatch: kube has 2 contexts, so the cluster is not clear\n  add --context with one of: other, prod\n',
    ]);
    expect((await from('kube', '--context', 'nope')).stderr).toContain('kube: no context "nope"');
  });

  it('says why the nodes cannot be read, and writes nothing', async () => {
    place.file('kube', kubeconfigOf('dead'));
    const { code, stderr } = await from('kube');
    expect(code).toBe(1);
    expect(stderr).toContain('kubelatch: the nodes of dead cannot be read:');
    expect(stderr).toContain('error: no such context');
    expect(existsSync(at('inventory.yaml'))).toBe(false);
  });
});

describe('bad input is one line that names the place', () => {
  it.each([
    [[], 'init needs to know where your hosts are listed'],
    [['--from-ansible', 'bad.ini'], 'bad.ini:2: [9:1] ends before it starts'],
    [['--from-ansible', 'none'], 'none: no such file or folder'],
    [['--from-ansible', '.'], '.: it is a folder'],
    [['--from-ansible', 'hosts.ini', '--group', 'x'], 'hosts.ini has no group "x"'],
    [['--from-ansible', 'empty.ini'], 'no host is left for the inventory'],
    [['--from-kubeconfig', 'bad.kube'], 'bad.kube:1: it has no contexts, so it is no kubeconfig'],
    [['--from-kubeconfig', '--control-plane', 'x'], '--from-kubeconfig and --control-plane do not go together'],
    [['--from-kubeconfig'], '~/.kube/config: no such file or folder'],
    [['--host', 'n[1:x]'], '--host n[1:x]: [1:x] is not a range'],
    [['--host', 'n1', '--fingerprints', 'bad.keys'], 'bad.keys:2: a line is HOST SHA256:FINGERPRINT'],
    [['--host', 'n1', '--cluster-name', 'a b'], '--cluster-name "a b" may contain only letters'],
    [['--host', 'n1', '--ssh-user', 'a:b'], '--ssh-user: "a:b" is not a user name'],
    [['--host', 'n1', '-i', '-'], 'init writes a file: -i - is not possible'],
    [['--host', 'n1', '-i', 'no/such/folder.yaml'], 'no/such/folder.yaml: no such file or folder'],
  ])('%j', async (args, message) => {
    place.file('bad.ini', '[web]\nn[9:1]\n');
    place.file('empty.ini', '[web]\n');
    place.file('bad.kube', 'a: 1\n');
    place.file('bad.keys', '# keys\nn1 MD5:00\n');
    const { code, stdout, stderr } = await init(...args);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr.split('\n')[0]).toContain(`kubelatch: ${message}`);
    expect(existsSync(at('inventory.yaml'))).toBe(false);
  });
});
