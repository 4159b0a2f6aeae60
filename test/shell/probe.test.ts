import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configDirFiles } from '../../src/facts/config-dir.js';
import type { FileStat, NodeFacts } from '../../src/facts/node-facts.js';
import { parseFacts } from '../../src/facts/parse.js';
import { canonicalAddress } from '../../src/lib/ip-address.js';
import { script } from '../../src/node/scripts.js';
import { runScript, shells } from './shells.js';

const keyText = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIdonotsend\n-----END EC PRIVATE KEY-----\n';
const odd = ["it's.conf", 'a b.conf', 'q"uote.conf', '$(id).conf', '-n.conf', 'ünï.conf', '`x`;y.conf', '*.conf'];
const cap = 4096;

let root: string;
let kubelet: ChildProcess;
const at = (name: string): string => join(root, name);
const onSystemd = script('probe').replaceAll('/run/systemd/system', '/proc');
/** With the test's own systemctl, and its folder as the highest one that counts. */
const env = (bin = 'bin'): Readonly<Record<string, string>> => ({
  PATH: `${at(bin)}:${process.env['PATH'] ?? ''}`,
  PLACE_TOP: root,
});

beforeAll(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'probe-')));
  const write = (name: string, text: string | Buffer): void => writeFileSync(at(name), text);
  mkdirSync(at('conf.d/sub'), { recursive: true });
  write(
    'config.yaml',
    `tlsPrivateKeyFile: "${at('tls.key')}"\nauthentication: {x509: {clientCAFile: ${at('ca.crt')}}}\n`,
  );
  write('ca.crt', 'a certificate\n');
  write('tls.key', keyText);
  write('bundle.pem', `a certificate\n${keyText}`);
  write('kubeconfig', 'client-key-data: donotsend\n');
  write('empty', '');
  write('bytes', Buffer.from([0, 1, 2, 255, 10, 254]));
  write('big', Buffer.alloc(cap + 1, 'x'));
  write('full', Buffer.alloc(cap, 'x'));
  for (const name of odd) write(`conf.d/${name}`, `name: ${name}\n`);
  write('conf.d/sub/deep.conf', 'deep: true\n');
  mkdirSync(at('linked'));
  write('linked/in.conf', 'linked: true\n');
  symlinkSync(at('linked'), at('conf.d/linked'));
  symlinkSync(at('nowhere'), at('conf.d/gone.conf'));
  symlinkSync(at('ca.crt'), at('link'));
  symlinkSync(at('nowhere'), at('dangling'));
  chmodSync(at('ca.crt'), 0o4640);
  const program = (name: string, body: string): void => {
    write(name, `#!/bin/sh\n${body}\n`);
    chmodSync(at(name), 0o755);
  };
  program('fakelet', 'read -r _');
  mkdirSync(at('bin'));
  program('bin/systemctl', `cat '${at('shown')}'`);
  program('bin/journalctl', `echo "$*" >>'${at('asked')}'; cat '${at('journal')}'`);
  mkdirSync(at('init.d'));
  write('init.d/faked', 'command=/x\n');
  write('init.d/faked-agent', 'command=/y\n');
  write('init.d/other', 'command=/z\n');
  write('passwd', 'root:x:0:0::/:/bin/sh\netcd:x:1:1::/:/bin/false\nboth:x:2:2::/:/x\n');
  write('group', 'root:x:0:\nboth:x:2:\nxetcd:x:3:\n');
  const args = [
    `--config=${at('config.yaml')}`,
    '--kubeconfig',
    at('kubeconfig'),
    `--config-dir=${at('conf.d')}`,
    'a b\n',
  ];
  kubelet = spawn(at('fakelet'), args, { stdio: ['pipe', 'ignore', 'ignore'], cwd: root });
  await once(kubelet, 'spawn');
});

afterAll(async () => {
  const gone = once(kubelet, 'exit');
  kubelet.stdin?.end();
  await gone;
  rmSync(root, { recursive: true });
});

it('is tried under every shell that a node may have', () => {
  expect(shells.map(({ name }) => name)).toEqual(['dash', 'bash --posix', 'busybox ash']);
});

describe.each(shells)('the probe under $name', (shell) => {
  const probe = (read: readonly string[], look: readonly string[] = []): { facts: NodeFacts; output: string } => {
    const references = ['config config-dir clientCAFile', 'kubeconfig tlsPrivateKeyFile'];
    const args = [
      'kubelet.service',
      'fakelet',
      read.join(' '),
      look.join(' '),
      '',
      ...references,
      '',
      '',
      '',
      String(cap),
      '',
    ];
    writeFileSync(at('shown'), `MainPID=${process.pid}\nId=kubelet.service\n`);
    const { code, stdout, stderr } = runScript(shell, onSystemd, args, env());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const facts = parseFacts(stdout);
    if (!facts.ok) throw new Error(facts.error);
    return { facts: facts.value, output: stdout };
  };
  const files = (read: readonly string[], look: readonly string[] = []): NodeFacts['files'] =>
    probe(read, look).facts.files;

  it('tells of the machine', () => {
    const { facts } = probe([]);
    expect(facts.hostname).toBe(hostname());
    expect(facts.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(facts.root).toBe(process.getuid?.() === 0);
    expect(facts.freeKiB).toBeGreaterThan(0);
    expect(facts.init).toMatch(/^(systemd|openrc|other)$/);
  });

  it('finds the process and follows the paths it was given', () => {
    const { facts } = probe([]);
    const found = facts.processes.find((one) => one.pid === kubelet.pid);
    expect(found?.argv.slice(1)).toEqual(kubelet.spawnargs);
    expect(found).toMatchObject({ name: 'fakelet', parent: process.pid, cwd: root });
    expect(Math.abs((found?.startedAt ?? 0) - Date.now() / 1000)).toBeLessThan(600);
    const file = (name: string): FileStat => facts.files.get(at(name)) as FileStat;
    expect(file('config.yaml').content?.toString()).toContain('clientCAFile');
    expect(file('ca.crt').content?.toString()).toBe('a certificate\n');
    expect(file('kubeconfig')).toMatchObject({ kind: 'file' });
    expect(file('kubeconfig').content).toBeUndefined();
    expect(file('tls.key').content).toBeUndefined();
  });

  it('reads a folder of files with odd names, byte for byte', () => {
    const { facts } = probe([]);
    for (const name of odd) {
      const found = facts.files.get(at(`conf.d/${name}`));
      expect(found?.kind === 'file' && found.content?.toString()).toBe(`name: ${name}\n`);
    }
    expect(facts.files.get(at('conf.d/sub/deep.conf'))).toMatchObject({ kind: 'file', size: 11 });
  });

  it('tells the links of a folder for what they are: to folders, and to nowhere', () => {
    const { facts } = probe([]);
    expect(facts.files.get(at('conf.d/linked'))).toMatchObject({ kind: 'folder', linkTarget: at('linked') });
    expect(facts.files.get(at('conf.d/gone.conf'))).toMatchObject({ kind: 'unreadable' });
    expect(facts.files.get(at('conf.d/linked/in.conf'))).toMatchObject({ kind: 'file' });
    expect(configDirFiles(facts, at('conf.d')).filter((path) => /linked|gone/.test(path))).toEqual([
      at('conf.d/gone.conf'),
    ]);
  });

  it('tells mode, owner, size and time; follows links and says so', () => {
    const found = files([at('ca.crt'), at('link'), at('conf.d')]);
    const stat = statSync(at('ca.crt'));
    const same = {
      kind: 'file',
      mode: '4640',
      uid: stat.uid,
      gid: stat.gid,
      size: 14,
      mtime: Math.floor(stat.mtimeMs / 1000),
      ctime: Math.floor(stat.ctimeMs / 1000),
    };
    expect(found.get(at('ca.crt'))).toMatchObject(same);
    expect(found.get(at('link'))).toMatchObject({
      ...same,
      ctime: expect.any(Number) as number,
      linkTarget: at('ca.crt'),
    });
    expect(found.get(at('conf.d'))).toMatchObject({ kind: 'folder' });
    expect(process.getuid?.() !== 0 || (found.get(at('ca.crt')) as FileStat).owner === 'root:root').toBe(true);
  });

  it('keeps bytes, empty files and the cap', () => {
    const found = files(['empty', 'bytes', 'full', 'big'].map(at));
    const content = (name: string): Buffer | undefined => (found.get(at(name)) as FileStat).content;
    expect(content('empty')).toEqual(Buffer.alloc(0));
    expect(content('bytes')).toEqual(readFileSync(at('bytes')));
    expect(content('full')?.length).toBe(cap);
    expect(content('big')).toBeUndefined();
    expect(found.get(at('big'))).toMatchObject({ kind: 'file', size: cap + 1 });
  });

  it('tells what the node keeps of changes, and who decided what', () => {
    const [up] = readFileSync('/proc/uptime', 'utf8').split('.');
    const start = readFileSync('/proc/1/stat', 'utf8').replace(/.*\) /s, '').split(' ')[19] ?? '';
    const boot = `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${start}\n`;
    const keep = (id: string, files: Readonly<Record<string, string>>): void => {
      mkdirSync(at(`kept/txn/${id}`), { recursive: true });
      for (const [name, text] of Object.entries(files)) writeFileSync(at(`kept/txn/${id}/${name}`), text);
    };
    const began = { began: `${Number(up) - 100}\n`, owner: 'root@ops' };
    keep('r1', { state: 'applied\n', boot, ...began });
    keep('r2', {
      state: 'applied\n',
      boot: 'another\n',
      ...began,
      'decided-revert': '',
      verdict: 'put back by an older version\n',
      stuck: 'broken\u001b[31m disk\nmore',
    });
    keep('r3', { state: 'applied\n', 'decided-confirm': '', verdict: `${'x'.repeat(1000)}\nnode\n` });
    keep('r4', { began: '1\n' });
    const args = ['', '', '', '', '', '', '', '', '', '', String(cap), ''];
    const { stdout, stderr } = runScript(shell, script('probe'), args, { ...env(), PLACE_STATE: at('kept') });
    expect(stderr).toBe('');
    const facts = parseFacts(stdout);
    if (!facts.ok) throw new Error(facts.error);
    const [first, ...others] = facts.value.transactions;
    expect(first).toMatchObject({ id: 'r1', state: 'applied', owner: 'root@ops', verdict: '', stuck: '' });
    expect((first?.age ?? 0) - 100).toBeLessThan(60);
    expect(first?.age).toBeGreaterThanOrEqual(100);
    expect(others).toEqual([
      {
        ...{ id: 'r2', state: 'reverting', age: undefined, owner: 'root@ops', stuck: 'broken disk' },
        ...{ verdict: 'put back by an older version', ender: undefined },
      },
      {
        id: 'r3',
        state: 'confirmed',
        age: undefined,
        owner: '',
        verdict: expect.stringMatching(/^x{299}…$/) as string,
        stuck: '',
        ender: 'node',
      },
    ]);
  });

  it('tells its own addresses, each once', () => {
    const own = (): string[] =>
      Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => canonicalAddress(address)));
    const before = own();
    const { addresses = [] } = probe([]).facts;
    // Others come and go meanwhile, where a lab is up.
    const stayed = own().filter((address) => before.includes(address));
    expect(addresses).toEqual(expect.arrayContaining([...stayed, '127.0.0.1']));
    expect(new Set(addresses).size).toBe(addresses.length);
    // The kernel lists the whole network of the loopback interface as local, too.
    expect(addresses).not.toContain('127.0.0.0');
  });

  it('tells absent from unreadable', () => {
    const found = files([at('nowhere'), at('dangling')], [at('not-there')]);
    expect(found.get(at('nowhere'))?.kind).toBe('absent');
    expect(found.get(at('not-there'))?.kind).toBe('absent');
    expect(found.get(at('dangling'))?.kind).toBe('unreadable');
  });

  it('never sends a private key, whoever asks for it', () => {
    const { facts, output } = probe([at('tls.key'), at('bundle.pem')]);
    const decoded = [output, ...output.split(/[\s.]/).map((word) => Buffer.from(word, 'base64').toString('latin1'))];
    expect(decoded.join('\n')).toContain(at('bundle.pem'));
    expect(decoded.join('\n')).not.toMatch(/PRIVATE KEY|donotsend/);
    expect(facts.files.get(at('bundle.pem'))).toMatchObject({ kind: 'file', secret: true });
    expect(facts.files.get(at('tls.key'))).toMatchObject({ kind: 'file', secret: true });
  });

  const everything = (args: readonly string[], text: string): NodeFacts => {
    const { code, stdout, stderr } = runScript(shell, text, [...args, String(cap), ''], env());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const facts = parseFacts(stdout);
    if (!facts.ok) throw new Error(facts.error);
    return facts.value;
  };

  describe('the journal of a unit', () => {
    const said = (args: string, level = 'info'): string =>
      `time="2026-01-02T03:04:05Z" level=${level} msg="Running kubelet ${args}"`;
    const asked = (journal: string | Buffer, units: string, starters = 'faked*.service'): NodeFacts['started'] => {
      writeFileSync(at('journal'), journal);
      writeFileSync(at('shown'), units);
      writeFileSync(at('asked'), '');
      return everything(['faked*.service', '', '', '', '', '', '', '', starters, ''], onSystemd).started;
    };
    const unit = (id: string, pid = 1, invocation = 'abc123'): string =>
      `MainPID=${pid}\nId=${id}\nInvocationID=${invocation}\n`;

    it('gives the first line that says it, of this run of the unit', () => {
      const other = `Running kubelet --forged\nx ${said('--forged')}\n${said('--forged', 'error')}\n`;
      const journal = `${other}${said("--a='b' --c=$(id)")}\n${said('--forged')}\n`;
      expect([...asked(journal, unit('faked.service'))]).toEqual([['faked.service', said("--a='b' --c=$(id)")]]);
      const words = readFileSync(at('asked'), 'utf8');
      expect(words).toContain('_SYSTEMD_UNIT=faked.service _SYSTEMD_INVOCATION_ID=abc123');
    });

    it('is asked for each unit that runs and is wanted, and no other', () => {
      const units = [
        unit('faked.service'),
        unit('faked-agent.service', 7),
        unit('faked-stopped.service', 0),
        unit('faked-never.service', 8, ''),
        unit('kubelet.service', 9),
      ].join('\n');
      expect([...asked(said('--a'), units).keys()]).toEqual(['faked.service', 'faked-agent.service']);
      expect([...asked(said('--a'), units, '').keys()]).toEqual([]);
      expect(readFileSync(at('asked'), 'utf8')).toBe('');
    });

    it('that says nothing, or far too much, gives an empty or a cut line', () => {
      expect([...asked('nothing\n', unit('faked.service'))]).toEqual([['faked.service', '']]);
      const long = asked(`${said(`--${'x'.repeat(1_000_000)}`)}\n`, unit('faked.service')).get('faked.service');
      expect(long).toHaveLength(16_384);
      const bytes = Buffer.concat([Buffer.from([0xff, 0xfe, 10]), Buffer.from(`${said('--a')}\n`)]);
      expect(asked(bytes, unit('faked.service')).get('faked.service')).toBe(said('--a'));
    });
  });

  describe('a node that systemd runs', () => {
    /** What it says to each question; the folders of its units are those of the test. */
    const systemctl = (): string => `#!/bin/sh
case $* in
  show-environment) printf '%s\\n' LANG=C "SECRET=donotsend" "ODD=\\$'a\\nb'" ;;
  *UnitPath*) echo 'Version=252 (252.1-1)'; echo 'UnitPath=${at('etc')} ${at('run')} ${at('lib')}' ;;
  *) cat '${at('shown')}' ;;
esac
`;
    const ask = (shown: string, read = ''): { facts: NodeFacts; output: string } => {
      writeFileSync(at('shown'), shown);
      mkdirSync(at('systemd-bin'), { recursive: true });
      writeFileSync(at('systemd-bin/systemctl'), systemctl(), { mode: 0o755 });
      const text = onSystemd;
      const args = ['kubelet.service', '', read, '', '', '', '', '', '', '', String(cap), ''];
      const { code, stdout, stderr } = runScript(shell, text, args, env('systemd-bin'));
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const facts = parseFacts(stdout);
      if (!facts.ok) throw new Error(facts.error);
      return { facts: facts.value, output: stdout };
    };
    const write = (path: string, text: string): void => {
      mkdirSync(at(path.replace(/\/[^/]*$/, '')), { recursive: true });
      writeFileSync(at(path), text);
    };

    it('tells its version, and the names of its variables but no value', () => {
      const { facts, output } = ask('Id=kubelet.service\n');
      expect(facts).toMatchObject({ systemd: 252, managerVariables: ['LANG', 'SECRET', 'ODD'] });
      const decoded = output.split(/[\s.]/).map((word) => Buffer.from(word, 'base64').toString('latin1'));
      expect(`${output} ${decoded.join(' ')}`).not.toContain('donotsend');
    });

    it('tells what patterns find, byte for byte, and reads it', () => {
      for (const name of ['1.env', 'a b.env', '$(id).env', 'ünï.env', '.h.env', 'x.txt', 'sub/3.env'])
        write(`globs/${name}`, 'A=1\n');
      const pattern = at('globs/*.env');
      const shown = `Id=kubelet.service\nEnvironmentFiles=${pattern} (ignore_errors=no)\n`;
      const { facts } = ask(shown, `${at('globs/none*')} ${at('*/3.env')} ${at('globs/x.txt')}`);
      const found = ['$(id).env', '1.env', 'a b.env', 'ünï.env'].map((name) => at(`globs/${name}`));
      expect(facts.globs?.get(pattern)?.toSorted()).toEqual(found);
      expect(facts.globs?.get(at('globs/none*'))).toEqual([]);
      expect(facts.globs?.get(at('*/3.env'))).toEqual([]);
      expect(facts.globs?.has(at('globs/x.txt'))).toBe(false);
      for (const path of found) expect((facts.files.get(path) as FileStat).content?.toString()).toBe('A=1\n');
    });

    it('finds the files that a unit has by now, the strongest folder first', () => {
      const unit = 'kubelet.service';
      write(`lib/${unit}`, '[Service]\n');
      write(`lib/${unit}.d/10-kubeadm.conf`, 'lib');
      write(`etc/${unit}.d/10-kubeadm.conf`, 'etc');
      write(`run/${unit}.d/20 a.conf`, 'run');
      write(`run/${unit}.d/20.txt`, 'none');
      write('etc/alias.service.d/05-alias.conf', 'alias');
      write('etc/service.d/90-all.conf', 'all');
      const names = `Id=${unit}\nNames=${unit} alias.service\nLoadState=loaded\nNeedDaemonReload=no\n`;
      const { facts } = ask(`${names}FragmentPath=${at(`lib/${unit}`)}\n\nId=none.service\nLoadState=not-found\n`);
      const paths = [
        'etc/alias.service.d/05-alias',
        `etc/${unit}.d/10-kubeadm`,
        `run/${unit}.d/20 a`,
        'etc/service.d/90-all',
      ];
      expect(facts.units[0]?.dropInPaths).toEqual(paths.map((path) => at(`${path}.conf`)));
      expect(facts.units[0]).toMatchObject({ fragmentPath: at(`lib/${unit}`), needsReload: true });
      expect((facts.files.get(at(`run/${unit}.d/20 a.conf`)) as FileStat).content?.toString()).toBe('run');
      expect(facts.units[1]).toMatchObject({ name: 'none.service', dropInPaths: [] });
    });

    it('looks at the program and the folder of a unit', () => {
      const exec = `ExecStart={ path=${at('fakelet')} ; argv[]=${at('fakelet')} a ; ignore_errors=no ; pid=0 }`;
      const { facts } = ask(`Id=kubelet.service\n${exec}\nWorkingDirectory=!${at('conf.d')}\n`);
      expect(facts.files.get(at('fakelet'))).toMatchObject({ kind: 'file' });
      expect(facts.files.get(at('fakelet'))).not.toHaveProperty('content');
      expect(facts.files.get(at('conf.d'))).toMatchObject({ kind: 'folder' });
    });
  });

  describe('a node that OpenRC runs', () => {
    const onOpenrc = (): string =>
      script('probe')
        .replaceAll('/run/systemd/system', at('none'))
        .replaceAll('/run/openrc/softlevel', at('empty'))
        .replaceAll('supervise-', 'node')
        .replaceAll('/etc/init.d', at('init.d'))
        .replaceAll('/run/$name.pid', at('$name.pid'));
    const look = (): NodeFacts =>
      everything(['faked*.service kubelet.service', '', '', '', '', '', '', 'wf* faketype*', '', ''], onOpenrc());

    it('tells its services as units, with the child of their keeper as the main process', () => {
      writeFileSync(at('faked.pid'), `${process.pid}\n`);
      writeFileSync(at('faked-agent.pid'), '99999999\n');
      const facts = look();
      expect(facts.init).toBe('openrc');
      const [first, second, ...more] = facts.units;
      expect(more).toEqual([]);
      const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ');
      expect(children.length).toBeGreaterThan(0);
      expect(first).toMatchObject({
        name: 'faked',
        loaded: true,
        fragmentPath: at('init.d/faked'),
        activeState: 'active',
      });
      expect(first?.mainPid).toBeGreaterThan(1);
      expect(first?.mainPid).not.toBe(process.pid);
      expect(second).toMatchObject({ name: 'faked-agent', mainPid: 0, activeState: 'inactive' });
      expect(facts.files.get(at('init.d/faked'))).toMatchObject({ kind: 'file' });
      expect(facts.files.has(at('init.d/other'))).toBe(false);
    });

    it('takes a process without children for the main one, and junk for none', () => {
      writeFileSync(at('faked.pid'), `${kubelet.pid ?? 0}\n`);
      writeFileSync(at('faked-agent.pid'), '$(id)\n');
      expect(look().units.map((one) => one.mainPid)).toEqual([kubelet.pid, 0]);
    });
  });

  it('asks main processes of units for their version, where their program is one of those', () => {
    const text = onSystemd;
    writeFileSync(at('shown'), `MainPID=${process.pid}\nId=faked.service\n`);
    const version = (programs: string): string | undefined =>
      everything(['faked.service', '', '', '', '', '', '', programs, '', ''], text).processes[0]?.version;
    expect(version('x* no*')).toBe(process.version);
    expect(version('node')).toBe(process.version);
    expect(version('nod *x node-*')).toBeUndefined();
  });

  it('looks for accounts in the files', () => {
    const text = script('probe').replaceAll('/etc/passwd', at('passwd')).replaceAll('/etc/group', at('group'));
    const look = (from: string): NodeFacts['accounts'] =>
      everything(['', '', '', '', '', '', '', '', '', 'etcd both none'], from).accounts;
    expect([...look(text)]).toEqual([
      ['etcd', { user: true, group: false }],
      ['both', { user: true, group: true }],
      ['none', { user: false, group: false }],
    ]);
    expect([...look(text.replaceAll(at('group'), at('no-group')))]).toEqual([]);
  });

  it('lists a link to a device, which it does not read', () => {
    mkdirSync(at('links'), { recursive: true });
    if (!existsSync(at('links/off.conf'))) symlinkSync('/dev/null', at('links/off.conf'));
    const { files } = everything(['', '', '', '', at('links'), '', '', '', '', ''], script('probe'));
    expect(files.get(at('links/off.conf'))).toMatchObject({ kind: 'other', linkTarget: '/dev/null' });
  });

  it('refuses to run with another number of arguments', () => {
    expect(runScript(shell, script('probe'), ['kubelet.service'])).toMatchObject({ code: 97, stdout: '' });
  });

  it('runs nothing when it arrives cut off', () => {
    const text = script('probe');
    const cut = text.slice(0, text.lastIndexOf('main "$@"'));
    expect(runScript(shell, cut, ['', '', '', '', '', '', '', '', '', '', '1', '']).stdout).toBe('');
  });
});
