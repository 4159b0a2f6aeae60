import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFacts } from '../../src/facts/parse.js';
import { splitTexts } from '../../src/facts/parse-texts.js';
import { parseTimespan } from '../../src/facts/parse-units.js';

const b64 = (text: string): string => Buffer.from(text).toString('base64');
const stat = (pid: number, name: string, parent: number, ticks: number): string =>
  b64(`${pid} (${name}) S ${parent} ${Array.from({ length: 17 }, () => '0').join(' ')} ${ticks} 0 0`);

const units = `EnvironmentFiles=/a b.env (ignore_errors=no)
EnvironmentFiles=/c/*.env (ignore_errors=yes)
ExecStart={ path=/k ; argv[]=/k --x=; y $A ; ignore_errors=no ; start_time=[n/a] ; pid=42 ; code=(null) ; status=0/0 }
Id=kubelet.service
Names=kubelet.service alias.service
LoadState=loaded
ActiveState=active
SubState=running
Type=simple
FragmentPath=/lib/systemd/system/kubelet.service
DropInPaths=/a/10-x.conf /b/20-y.conf
MainPID=42
NRestarts=3
RestartUSec=1min 30s
NeedDaemonReload=yes
UnitFileState=enabled

Id=other.service
LoadState=not-found
RestartUSec=100ms

Id=loaded.service
LoadState=loaded
FragmentPath=/l
ExecStart={ path=/k ; argv[]=/k a ; ignore_errors=no ; start_time=[n/a] ; pid=42 ; code=(null) ; status=0/0 }
EnvironmentFiles=/c/*.env (ignore_errors=yes)
NeedDaemonReload=no

Id=bad.service
LoadState=bad-setting
FragmentPath=/b
`;

const head = ['kubelatch-facts 1', `hostname ${b64('node1\n')}`, 'boot 1-2', 'init systemd', 'user 0', 'ticks 100'];
const lines = [
  ...[...head, 'btime 1000', 'free 5'],
  'listen 0100007F:2808',
  'listen 00000000000000000000000000000000:280A',
  'listen 0000000000000000FFFF00000A00000A:1F90',
  'listen 00000000000000000000000001000000:0016',
  'listen B80D0120000000000000000005000000:280A',
  'own 10.0.0.10',
  'own 20010db8000000000000000000000005',
  `transaction ${b64('20261123-x')} ${b64('applied')} 12 ${b64('root@ops')}. . ${b64('conflict \u001b[2J/etc/x')}.`,
  `transaction ${b64('../etc')} ${b64('applied')} 12 . . .`,
  `transaction ${b64('20261122-y')} ${b64('confirmed')} - . ${b64('confirmed by root@ops')}. .`,
  `units ${b64(units)}`,
  ...['systemd 252', `manager ${b64('LANG\nPATH\n')}`],
  `glob ${b64('/c/*.env')} ${b64('/c/1.env\n/c/2 3.env')}.`,
  `glob ${b64('/d/*')} .`,
  `disk ${b64('loaded.service /l\nloaded.service /l.d/50-new.conf\n')}`,
  `process 42 ${stat(42, 'a) (b', 1, 250)} ${b64('/k\0--x=a b\0\0')} ${b64('/usr/bin/k')}. ${b64('/')}.`,
  `version 42 ${b64('Kubernetes v1.31.4\n')}.`,
  `absent ${b64('/absent')}`,
  `unreadable ${b64('/unreadable')}`,
  `stat ${b64('/f')} - . 600 0:0 root:root 5 1500 regular file`,
  `content ${b64('/f')} ${b64('hello')}.`,
  `stat ${b64('/link')} system_u:object_r:etc_t:s0 ${b64('/f')},1800. 4755 1:2 a:UNKNOWN 0 1500/1600 regular empty file`,
  `content ${b64('/link')} .`,
  `stat ${b64('/key')} - . 600 0:0 root:root 9 1500 regular file`,
  `secret ${b64('/key')}`,
  `stat ${b64('/d')} ? . 755 0:0 root:root 4096 1500 directory`,
  `stat ${b64('/changed')} - . 644 0:0 root:root 5 1500 regular file`,
  `content ${b64('/changed')} ${b64('longer')}.`,
  'end',
];
const good = `${lines.join('\n')}\n`;

/** What the probe prints today: words that are not encoded, and texts after the records. */
const cmdline = '/k\0--x=a b\0\0';
const today = (texts: readonly string[], changed: (line: string) => string = (line) => line): string => {
  const bulk = Buffer.from(texts.map((text) => `${text}1-2\n`).join('')).toString('base64');
  const records = [
    ...[
      'kubelatch-facts 1',
      'hostname =node1',
      'boot 1-2',
      'init systemd',
      'user 0',
      'ticks 100',
      'btime 1000',
      'free 5',
    ],
    ...['systemd 252', 'manager ~LANG%PATH', 'transaction =20261122-y =confirmed - = ~confirmed%by%root@ops = -'],
    ...units.split('\n').map((line) => `unit ${line}`),
    ...['glob =/c/*.env', 'match =/c/*.env =/c/1.env', 'match =/c/*.env ~/c/2%3.env', 'glob =/d/*'],
    ...['on-disk =loaded.service =/l', 'on-disk =loaded.service =/l.d/50-new.conf'],
    `proc 42 =/usr/bin/k =/ ${Buffer.from(stat(42, 'a) (b', 1, 250), 'base64').toString()}`,
    ...['text 42', 'version 42 ~Kubernetes%v1.31.4'],
    ...['stat =/f - . 600 0:0 root:root 5 1500 regular file', 'stat =/g - . 600 0:0 root:root 7 1500 regular file'],
    ...['stat =/link - =/f.x,1800. 644 0:0 root:root 5 1500/1600 regular file', 'text =/f', 'text =/g', 'text =/link'],
    ...['bulk', ...(bulk.match(/.{1,76}/g) ?? []), '.', 'end'],
  ];
  return `${records.map(changed).join('\n')}\n`;
};

describe('parseFacts', () => {
  const parsed = parseFacts(good);
  const facts = parsed.ok ? parsed.value : undefined;

  it('reads a whole answer', () => {
    expect(facts).toMatchObject({ hostname: 'node1', bootId: '1-2', init: 'systemd', root: true, freeKiB: 5 });
    expect(facts?.transactions).toEqual([
      { id: '20261123-x', state: 'applied', age: 12, owner: 'root@ops', verdict: '', stuck: 'conflict /etc/x' },
      { id: '20261122-y', state: 'confirmed', age: undefined, owner: '', verdict: 'confirmed by root@ops', stuck: '' },
    ]);
    expect(facts?.listening).toEqual([
      { address: '127.0.0.1', port: 10248 },
      { address: '::', port: 10250 },
      { address: '10.0.0.10', port: 8080 },
      { address: '::1', port: 22 },
      { address: '2001:db8::5', port: 10250 },
    ]);
    expect(facts?.addresses).toEqual(['10.0.0.10', '2001:db8::5']);
  });

  it('reads units', () => {
    expect(facts?.units).toHaveLength(4);
    expect(facts?.units[0]).toMatchObject({ name: 'kubelet.service', loaded: true, mainPid: 42, restarts: 3 });
    expect(facts?.units[0]).toMatchObject({ restartDelay: 90_000, needsReload: true, enabled: 'enabled' });
    expect(facts?.units[0]?.dropInPaths).toEqual(['/a/10-x.conf', '/b/20-y.conf']);
    expect(facts?.units[1]).toMatchObject({
      name: 'other.service',
      loaded: false,
      fragmentPath: undefined,
      mainPid: 0,
    });
  });

  it('reads what systemd has loaded of a unit, unless it changed since', () => {
    const before = parseFacts(
      good.replace(b64(units), b64(units.replace('NeedDaemonReload=yes', 'NeedDaemonReload=no'))),
    );
    expect(before.ok && before.value.units[0]?.asLoaded).toEqual({
      commands: ['/k --x=; y $A'],
      environmentFiles: [
        { path: '/a b.env', optional: false },
        { path: '/c/*.env', optional: true },
      ],
    });
    expect(facts?.units.map((one) => one.asLoaded)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('reads names, errors, and the files that a unit has by now', () => {
    expect(facts?.units[0]).toMatchObject({ names: ['kubelet.service', 'alias.service'], refused: false });
    expect(facts?.units[2]).toMatchObject({ dropInPaths: ['/l.d/50-new.conf'], needsReload: true });
    expect(facts?.units[3]).toMatchObject({ name: 'bad.service', loaded: true, refused: true });
  });

  it('reads of systemd itself', () => {
    expect(facts).toMatchObject({ systemd: 252, managerVariables: ['LANG', 'PATH'] });
    expect([...(facts?.globs ?? [])]).toEqual([
      ['/c/*.env', ['/c/1.env', '/c/2 3.env']],
      ['/d/*', []],
    ]);
    const unknown = parseFacts(good.replace('systemd 252', 'systemd '));
    expect(unknown.ok && unknown.value.systemd).toBeUndefined();
  });

  it('reads processes, also with blanks and parentheses in their name', () => {
    const argv = ['/k', '--x=a b', ''];
    const version = 'Kubernetes v1.31.4';
    expect(facts?.processes).toEqual([
      { pid: 42, parent: 1, name: 'a) (b', argv, exe: '/usr/bin/k', cwd: '/', startedAt: 1002.5, version },
    ]);
  });

  it('reads files', () => {
    const file = (path: string): unknown => facts?.files.get(path);
    expect(file('/absent')).toEqual({ kind: 'absent', path: '/absent' });
    expect(file('/unreadable')).toMatchObject({ kind: 'unreadable' });
    expect(file('/f')).toMatchObject({ kind: 'file', mode: '0600', owner: 'root:root', content: Buffer.from('hello') });
    expect(file('/f')).toHaveProperty('sha256', '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
    expect(file('/link')).toMatchObject({ mode: '4755', uid: 1, gid: 2, label: 'system_u:object_r:etc_t:s0' });
    // The link was turned to its file after that had changed.
    expect(file('/link')).toMatchObject({ linkTarget: '/f', mtime: 1500, ctime: 1800, content: Buffer.alloc(0) });
    expect(file('/f')).not.toHaveProperty('ctime');
    expect(file('/key')).toMatchObject({ secret: true });
    expect(file('/key')).not.toHaveProperty('content');
    expect(file('/d')).toMatchObject({ kind: 'folder' });
    expect(file('/d')).not.toHaveProperty('label');
    expect(file('/changed')).toMatchObject({ kind: 'unreadable', reason: 'it changed while it was read' });
  });

  it('reads texts that come after the records, and words that are not encoded', () => {
    const read = parseFacts(today([cmdline, 'hello', 'a 1-2\nb', 'hello']));
    if (!read.ok) throw new Error(read.error);
    const { files, processes, transactions, globs, units: shown } = read.value;
    expect(processes).toEqual(facts?.processes);
    expect(globs).toEqual(facts?.globs);
    expect(shown).toEqual(facts?.units);
    expect(transactions[0]).toMatchObject({ id: '20261122-y', verdict: 'confirmed by root@ops', owner: '' });
    expect(files.get('/f')).toMatchObject({ content: Buffer.from('hello') });
    // A text may hold the mark that ends texts.
    expect(files.get('/g')).toMatchObject({ content: Buffer.from('a 1-2\nb') });
    expect(files.get('/link')).toMatchObject({ content: Buffer.from('hello'), linkTarget: '/f.x', ctime: 1800 });
  });

  it('takes a file for unreadable whose text changed or is missing, and leaves out a process that has ended', () => {
    const read = parseFacts(today(['', 'hello, you', '']));
    if (!read.ok) throw new Error(read.error);
    expect(read.value.processes).toEqual([]);
    for (const path of ['/f', '/g', '/link']) expect(read.value.files.get(path)).toMatchObject({ kind: 'unreadable' });
  });

  it.each([
    ['a command line that is cut', today([`/k\0${'x'.repeat(256 * 1024)}`])],
    ['texts without their end', today([cmdline], (line) => (line === '.' ? 'x' : line))],
    ['a text of no process', today(['', '', '', '', ''], (line) => (line === 'text 42' ? 'text 43' : line))],
    ['texts that do not come', today([], (line) => (line === 'bulk' ? 'listen 0100007F:2808' : line))],
  ])('refuses %s', (_, output) => {
    expect(parseFacts(output).ok).toBe(false);
  });

  it('refuses an answer with texts that is cut off anywhere', () => {
    const whole = today([cmdline, 'hello', 'a 1-2\nb', 'hello']);
    fc.assert(fc.property(fc.nat({ max: whole.length - 2 }), (length) => !parseFacts(whole.slice(0, length)).ok));
  });

  it('splits texts of known sizes, whatever they hold', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('m\n', 'xm\nm', '', 'm'));
    fc.assert(
      fc.property(fc.array(text), (texts) => {
        const wanted = texts.map((one) => Buffer.from(one));
        const bytes = Buffer.concat(wanted.flatMap((one) => [one, Buffer.from('m\n')]));
        const sizes = wanted.map(({ length }) => length);
        expect(splitTexts(bytes, sizes, 'm')).toEqual(wanted);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['another program', 'bash: sh: command not found\n'],
    ['a newer form', good.replace('facts 1', 'facts 2')],
    ['an unknown record', good.replace('end\n', 'surprise 1\nend\n')],
    ['a broken process', good.replace(/^process.*$/m, 'process 42 xx yy zz ww')],
    ['a process of unknown age', good.replace('ticks 100\n', '')],
    ['a file of unknown age', good.replace(' 5 1500 ', ' 5 yesterday ')],
    ['a broken mode', good.replace(' 600 0:0', ' rw- 0:0')],
    ['a broken owner', good.replace('600 0:0', '600 root')],
    ['content of an unknown file', good.replace('end\n', `content ${b64('/other')} .\nend\n`)],
    ['content of what is no file', good.replace('end\n', `content ${b64('/absent')} .\nend\n`)],
    ['a broken port', good.replace('listen 0100007F:2808', 'listen 127.0.0.1:80')],
    ['an address that is none', good.replace('own 10.0.0.10', 'own localhost')],
  ])('refuses %s', (_, output) => {
    expect(parseFacts(output).ok).toBe(false);
  });

  it('refuses an answer that is cut off anywhere', () => {
    fc.assert(fc.property(fc.nat({ max: good.length - 2 }), (length) => !parseFacts(good.slice(0, length)).ok));
  });

  it('answers hostile output with a result: lines cut, doubled, mixed up, bytes changed', () => {
    const line = fc.oneof(
      fc.constantFrom(...lines),
      fc.constantFrom(...lines).chain((one) => fc.nat({ max: one.length }).map((cut) => one.slice(0, cut))),
      fc
        .tuple(fc.constantFrom(...lines.map((one) => one.split(' ')[0] ?? '')), fc.string())
        .map((two) => two.join(' ')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (middle) => {
        const result = parseFacts(['kubelatch-facts 1', ...middle, 'end', ''].join('\n'));
        if (!result.ok) expect(result.error).not.toBe('');
        else for (const [path, file] of result.value.files) expect(file.path).toBe(path);
      }),
      { numRuns: 3000 },
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (output) => !parseFacts(output).ok));
  });

  it('repeats no more of a hostile line than a short tag', () => {
    const result = parseFacts(`kubelatch-facts 1\n${'x'.repeat(5000)}\nend\n`);
    expect(result.ok || result.error.length < 100).toBe(true);
  });
});

describe('parseTimespan', () => {
  it.each([
    ['10s', 10_000],
    ['100ms', 100],
    ['1min 30s', 90_000],
    ['2h', 7_200_000],
    ['0', 0],
    ['infinity', 0],
  ])('%s', (text, ms) => {
    expect(parseTimespan(text)).toBe(ms);
  });
});
