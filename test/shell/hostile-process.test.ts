/** What an unprivileged process, or a container's, can do by calling itself a kubelet; and which files root's probe reads. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FileFact, NodeFacts } from '../../src/facts/node-facts.js';
import { parseFacts } from '../../src/facts/parse.js';
import { script } from '../../src/node/scripts.js';
import { isRoot, program } from './node-shell.js';
import { runScript, shells } from './shells.js';

const nobody = 65534;
const shadow = 'root:$6$abcdefgh$donotsend:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n';
let root: string;
const running: ChildProcess[] = [];
const at = (name: string): string => join(root, name);

function start(command: string, args: readonly string[], uid = 0): ChildProcess {
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'], uid, gid: uid, cwd: '/' });
  running.push(child);
  return child;
}

const write = (name: string, text: string | Buffer, mode = 0o644, uid = 0): string => {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
  chownSync(at(name), uid, uid);
  chmodSync(at(name), mode);
  return at(name);
};

describe.runIf(isRoot).each(shells)('under $name', (shell) => {
  beforeAll(async () => {
    root = mkdtempSync('/var/lib/kubelatch-hostile-');
    chmodSync(root, 0o755);
    mkdirSync(at('bin'));
    program(at('bin/systemctl'), `#!/bin/sh\ncase $* in *UnitPath*) ;; *) cat '${at('shown')}' ;; esac\n`);
    write('nobody/kubelet', '#!/bin/sh\nread -r _\n', 0o755, nobody);
    write('shadow', shadow, 0o600);
    write('home/authorized_keys', 'ssh-ed25519 donotsend\n', 0o600);
    const args = [`--config=${at('shadow')}`, `--config-dir=${at('home')}`];
    const forged = start(at('nobody/kubelet'), args, nobody);
    const shim = start(write('nobody/containerd-shim-x', '#!/bin/sh\nread -r _\n', 0o755, nobody), [], nobody);
    await Promise.all([once(forged, 'spawn'), once(shim, 'spawn')]);
  });
  afterAll(async () => {
    const ended = running.map((one) => once(one, 'exit'));
    for (const one of running.splice(0)) one.stdin?.end();
    await Promise.all(ended);
    rmSync(root, { recursive: true, force: true });
  });

  const onSystemd = script('probe').replaceAll('/run/systemd/system', '/proc');
  const unit = (pid = 0, more = ''): string => `Id=kubelet.service\nMainPID=${pid}\n${more}\n`;
  const probe = (
    shown: string,
    { text = onSystemd, roots = '' } = {},
  ): { readonly facts: NodeFacts; readonly sent: string; readonly size: number } => {
    writeFileSync(at('shown'), shown);
    const args = ['kubelet.service', 'kubelet', '', '', '', 'config config-dir', '', '', '', '', '4096', roots];
    const path = `${at('bin')}:${process.env['PATH'] ?? ''}`;
    const { code, stdout, stderr } = runScript(shell, text, args, { PATH: path });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const facts = parseFacts(stdout);
    if (!facts.ok) throw new Error(facts.error);
    const words = stdout.split(/[\s.]/).map((word) => Buffer.from(word, 'base64').toString('latin1'));
    return { facts: facts.value, sent: `${stdout}\n${words.join('\n')}`, size: stdout.length };
  };
  /** What the probe makes of the arguments of a unit's own kubelet. */
  const named = (args: readonly string[], roots = ''): ReturnType<typeof probe> => {
    const exec = `ExecStart={ path=/x ; argv[]=/x ; }\nFragmentPath=${write('kubelet.service', args.join('\n'))}`;
    return probe(unit(0, exec), { roots });
  };
  const file = (facts: NodeFacts, name: string): FileFact | undefined => facts.files.get(at(name));

  it('takes no argument of a process that is a kubelet by name alone, with systemd or without', () => {
    for (const text of [onSystemd, script('probe').replaceAll('/run/systemd/system', '/none')]) {
      const { facts, sent } = probe(unit(), { text });
      // Without systemd a kubelet of root's counts, and other tests may run one.
      expect(facts.processes.filter(({ exe }) => exe.startsWith(at('')))).toEqual([]);
      expect(sent).not.toContain('donotsend');
      expect(facts.files.has(at('shadow'))).toBe(false);
    }
  });

  // Before others of root's by that name are started below this process.
  it('takes none of them for the kubelet that a revert has started', () => {
    const text = script('txn').replace(/main "\$@"\n$/, 'has_process kubelet.service "$1" && echo yes\n');
    const ask = (main: number, name: string): string => {
      writeFileSync(at('shown'), unit(main));
      return runScript(shell, text, [name], { PATH: `${at('bin')}:${process.env['PATH'] ?? ''}` }).stdout;
    };
    // The forged one is a child of this process, and not root's.
    expect([ask(process.pid, 'kubelet'), ask(0, 'kubelet')]).toEqual(['', '']);
    const own = spawnSync('cat', [`/proc/${process.pid}/comm`], { encoding: 'utf8' }).stdout.trim();
    expect([ask(process.pid, own), ask(0, own)]).toEqual(['yes\n', '']);
  });

  it('takes none of one that somebody else started under a unit, nor of one in a container', async () => {
    const own = write('own/kubelet', '#!/bin/sh\nread -r _\n', 0o755);
    const lines = [`'${own}' x`, `unshare -m '${own}' y`, `setpriv --reuid ${nobody} '${own}' z`];
    const main = start('sh', ['-c', `exec 3<&0; ${lines.map((line) => `${line} <&3 &`).join(' ')} wait`]);
    await once(main, 'spawn');
    const kids = (): string =>
      spawnSync('pgrep', ['-P', String(main.pid), '-x', 'kubelet'], { encoding: 'utf8' }).stdout;
    await vi.waitUntil(() => kids().trim().split('\n').length === 3, { timeout: 60_000 });
    const known = (facts: NodeFacts): (string | undefined)[] =>
      facts.processes.filter((one) => one.name === 'kubelet').map((one) => one.argv.at(-1));
    expect(known(probe(unit(main.pid)).facts)).toEqual(['x']);
    // Within the unit's control group it is the unit's own, whatever it mounts.
    const grouped = onSystemd.replaceAll('"/proc/$1/cgroup"', `'${write('cgroup', '0::/system.slice/k.service/a\n')}'`);
    const all = probe(unit(main.pid, 'ControlGroup=/system.slice/k.service\n'), { text: grouped });
    expect(known(all.facts).sort()).toEqual(['x', 'y']);
  });

  it.each([
    ['0::/system.slice/kubelet.service', true],
    ['0::/system.slice/kubelet.service/sub', true],
    ['4:memory:/other\n1:name=systemd:/system.slice/kubelet.service', true],
    ['0::/system.slice/kubelet.service-not', false],
    ['0::/kubepods/pod1/c', false],
    ['4:memory:/system.slice/kubelet.service\n1:name=systemd:/user.slice', false],
    ['0::/', false],
  ])('knows by %j whether a process is in the control group', (groups, isIn) => {
    const text = script('watch')
      .replace(/main "\$@"\n$/, '')
      .replaceAll('"/proc/$1/cgroup"', '"$1"');
    const ask = (group: string): string =>
      runScript(shell, `${text}\nin_group "$1" "$2" && echo yes`, [write('groups', `${groups}\n`), group]).stdout;
    expect(ask('/system.slice/kubelet.service')).toBe(isIn ? 'yes\n' : '');
    expect([ask('/'), ask('')]).toEqual(['', '']);
  });

  it('reads no file that others own or can change, and names the owner', () => {
    write('bad/owned', 'a: 1\n', 0o644, nobody);
    write('open/config', 'a: 1\n');
    chmodSync(at('open'), 0o777);
    write('good/config', 'a: 1\n');
    const { facts } = named(['bad/owned', 'open/config', 'good/config'].map((one) => `--config=${at(one)}`));
    expect(file(facts, 'bad/owned')).toMatchObject({
      unread: `${at('bad/owned')} is owned by nobody (65534), mode 644`,
    });
    expect(file(facts, 'bad/owned')).not.toHaveProperty('content');
    expect(file(facts, 'open/config')).toMatchObject({
      unread: `${at('open')} can be changed by users other than root, mode 777`,
    });
    expect(file(facts, 'good/config')).toHaveProperty('content');
  });

  it("reads below Kubernetes' own folders whoever owns them, but nothing that lies elsewhere", () => {
    write('kube/config', 'a: 1\n', 0o644, nobody);
    chownSync(at('kube'), nobody, nobody);
    symlinkSync(at('home/authorized_keys'), at('kube/link'));
    linkSync(at('home/authorized_keys'), at('kube/second'));
    symlinkSync(at('open/config'), at('kube/other'));
    const names = ['config', 'link', 'second', 'other'].map((one) => `kube/${one}`);
    const { facts, sent } = named(
      names.map((one) => `--config=${at(one)}`),
      at('kube'),
    );
    expect(file(facts, 'kube/config')).toHaveProperty('content');
    for (const name of names.slice(1)) expect(file(facts, name)).toHaveProperty('unread');
    expect(sent).not.toContain('donotsend');
  });

  it('sends no password, whatever names the file', () => {
    mkdirSync(at('home/.ssh'), { recursive: true });
    write('home/.ssh/authorized_keys', 'donotsend\n');
    const paths = ['/etc/shadow', at('shadow'), at('home/.ssh/authorized_keys')];
    const { facts, sent } = named(paths.map((one) => `--config=${one}`));
    expect(facts.files.get('/etc/shadow')).toMatchObject({ unread: 'it may hold accounts or keys' });
    expect(file(facts, 'shadow')).toMatchObject({ secret: true });
    expect(sent).not.toContain('donotsend');
    for (const path of paths) expect(facts.files.get(path)).not.toHaveProperty('content');
  });

  it('lets a file that is too large, and a folder with too much in it, cost only themselves', () => {
    write('large', Buffer.alloc(5000, 'x'));
    for (let n = 0; n < 400; n += 1) write(`many/${n}.conf`, 'a: 1\n');
    for (let n = 0; n < 3; n += 1) write(`heavy/${n}.conf`, Buffer.alloc(400 * 1024, 'x'));
    const words = [`--config=${at('large')}`, ...['many', 'heavy', 'few'].map((one) => `--config-dir=${at(one)}`)];
    write('few/a.conf', 'a: 1\n');
    const { facts, size } = named(words);
    expect(size).toBeLessThan(100_000);
    expect(file(facts, 'large')).toMatchObject({ kind: 'file', size: 5000, unread: 'it is larger than 4 KiB' });
    expect(file(facts, 'many')).toMatchObject({ kind: 'unreadable', reason: 'holds more than 200 files' });
    expect(file(facts, 'heavy')).toMatchObject({ kind: 'unreadable', reason: 'holds more than 1024 KiB' });
    expect(file(facts, 'few/a.conf')).toHaveProperty('content');
  });

  it('watches no process of that name, and no shim, that is not of root and the unit', () => {
    writeFileSync(at('shown'), unit());
    const env = { PATH: `${at('bin')}:${process.env['PATH'] ?? ''}` };
    const { stdout } = runScript(shell, script('watch'), ['kubelet.service', 'kubelet', '0', '-'], env);
    expect(stdout).not.toMatch(/^(process|own|argv)=/m);
    const pids = running.map(({ pid }) => `container=${pid ?? 0} `);
    expect(pids.filter((one) => stdout.includes(one))).toEqual([]);
  });
});
