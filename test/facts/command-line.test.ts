import { describe, expect, it } from 'vitest';
import { type ServiceCommand, type ServiceContext, serviceCommand } from '../../src/facts/command-line.js';

const unit = '/lib/systemd/system/kubelet.service';
const dropIn = '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf';
const later = '/etc/systemd/system/kubelet.service.d/20-mine.conf';
const defaults = '/etc/default/kubelet';

function command(files: Readonly<Record<string, string>>, paths = Object.keys(files)): ServiceCommand {
  return serviceCommand(
    paths.filter((path) => !path.startsWith('/etc/default')),
    (path) => files[path],
  );
}

const texts = (found: ServiceCommand): string[] => found.arguments.map((one) => one.text);

describe('serviceCommand', () => {
  it("takes the last ExecStart= of the drop-ins in systemd's order", () => {
    const found = command({
      [unit]: '[Service]\nExecStart=/k\n',
      [dropIn]: '[Service]\nExecStart=\nExecStart=/k --a\n',
      [later]: '[Service]\nExecStart=\nExecStart=/k --b\n',
    });
    expect(texts(found)).toEqual(['/k', '--b']);
    expect(found.arguments[1]?.origin).toEqual({ kind: 'drop-in', path: later, line: 3, start: 34, end: 37 });
    expect(found.execStart).toMatchObject({ path: later, line: 3 });
  });

  it('has no command after a reset alone', () => {
    const found = command({ [unit]: '[Service]\nExecStart=/k\n', [dropIn]: '[Service]\nExecStart=\n' });
    expect(found.execStart).toBeUndefined();
    expect(found.arguments).toEqual([]);
  });

  it('passes over other sections and files that are not there', () => {
    const found = command({ [unit]: '[Unit]\nExecStart=/x\n[Service]\nExecStart=/k\n' }, [unit, dropIn]);
    expect(texts(found)).toEqual(['/k']);
  });

  it('splits $VAR, also in quotes; keeps ${VAR} one argument; an unknown one is nothing, or empty', () => {
    const text = '[Service]\nEnvironment="A=x y" B=\nExecStart=/k $A "$A" ${A} -${A}- $B ${B} $NONE ${NONE} a$A\n';
    expect(texts(command({ [unit]: text }))).toEqual(['/k', 'x', 'y', 'x', 'y', 'x y', '-x y-', '', '', 'a$A']);
  });

  it('reads quotes within a variable', () => {
    const text = `[Service]\nEnvironment="A=--x='a b' --y"\nExecStart=/k $A\n`;
    expect(texts(command({ [unit]: text }))).toEqual(['/k', '--x=a b', '--y']);
  });

  it('knows %% and $$, in units but not in environment files', () => {
    const found = command({
      [unit]: `[Service]\nEnvironment=A=5%%\nEnvironmentFile=${defaults}\nExecStart=/k 100%% $$HOME $A $B \${A}$$\n`,
      [defaults]: 'B=7%%\n',
    });
    expect(texts(found)).toEqual(['/k', '100%', '$HOME', '5%', '7%%', '5%$']);
  });

  it('lets an environment file win over Environment=, and a later file or line over an earlier one', () => {
    const found = command({
      [unit]: `[Service]\nEnvironment=A=unit\nEnvironmentFile=-${defaults}\nEnvironmentFile=-/etc/default/other\nExecStart=/k $A $B\n`,
      [later]: '[Service]\nEnvironment="A=drop-in" "B=drop-in"\n',
      [defaults]: 'A=file\nA=file2\n',
      '/etc/default/other': '',
    });
    expect(texts(found)).toEqual(['/k', 'file2', 'drop-in']);
    expect(found.environmentFiles).toEqual([defaults, '/etc/default/other']);
    expect(
      found.hidden.map(({ name, value, origin, overriddenBy }) => [name, value, origin.path, overriddenBy.line]),
    ).toEqual([
      ['A', 'unit', unit, 2],
      ['A', 'drop-in', later, 1],
      ['A', 'file', defaults, 2],
    ]);
  });

  it('hides what a drop-in sets behind the empty variable of the package', () => {
    const found = command({
      [unit]: `[Service]\nEnvironmentFile=-${defaults}\nExecStart=/k $KUBELET_EXTRA_ARGS\n`,
      [later]: '[Service]\nEnvironment="KUBELET_EXTRA_ARGS=--read-only-port=0"\n',
      [defaults]: 'KUBELET_EXTRA_ARGS=\n',
    });
    expect(texts(found)).toEqual(['/k']);
    expect(found.hidden).toMatchObject([{ value: '--read-only-port=0', origin: { path: later, line: 2 } }]);
  });

  it('resets Environment= and EnvironmentFile=', () => {
    const found = command({
      [unit]: `[Service]\nEnvironment=A=1 B=2\nEnvironmentFile=${defaults}\nExecStart=/k $A $B $C\n`,
      [dropIn]: '[Service]\nEnvironment=\nEnvironment=B=3\nEnvironmentFile=\n',
      [defaults]: 'C=4\n',
    });
    expect(texts(found)).toEqual(['/k', '3']);
    expect(found.environmentFiles).toEqual([]);
  });

  it('gives each argument its line, across continuation lines and comments', () => {
    const found = command({
      [unit]: '[Service]\nExecStart=/k --a \\\n# why\n  --b \\\n  "--c d"\n',
      [defaults]: '',
    });
    expect(found.arguments.map(({ text, origin }) => [text, origin.line])).toEqual([
      ['/k', 2],
      ['--a', 2],
      ['--b', 4],
      ['--c d', 5],
    ]);
  });

  it('gives each argument of a variable its own line and extent', () => {
    const text = '# top\nA="--a \\\n  --b=\\"x y\\"" \n';
    const found = command({
      [unit]: `[Service]\nEnvironmentFile=${defaults}\nExecStart=/k $A\n`,
      [defaults]: text,
    });
    expect(found.arguments.slice(1).map((one) => [one.text, one.origin.line, one.origin.variable])).toEqual([
      ['--a', 2, 'A'],
      ['--b=x y', 3, 'A'],
    ]);
    const last = found.arguments[2]?.origin;
    expect(text.slice(last?.start, last?.end)).toBe('--b=\\"x y\\"');
  });

  it('keeps the place of a word with a specifier, and of one in a variable', () => {
    const text = '[Service]\nEnvironment="A=--x=%N --y"\nExecStart=/k --h=%H $A\n';
    const found = told({ [unit]: text }, { unit: 'kubelet.service', hostname: 'n1' });
    expect(texts(found)).toEqual(['/k', '--h=n1', '--x=kubelet', '--y']);
    expect(found.arguments.map(({ origin }) => text.slice(origin.start, origin.end))).toEqual([
      '/k',
      '--h=%H',
      '--x=%N',
      '--y',
    ]);
  });
});

/** With all that a node tells. */
function told(files: Readonly<Record<string, string>>, context: ServiceContext = {}): ServiceCommand {
  const paths = Object.keys(files).filter((path) => /^\/(lib|etc)\/systemd/.test(path));
  const stateOf = (path: string): 'absent' | 'unread' => (files[path] === undefined ? 'absent' : 'unread');
  return serviceCommand(paths, (path) => files[path], { stateOf, systemd: 252, unit: 'kubelet.service', ...context });
}
const run = (...lines: readonly string[]): Record<string, string> => ({ [unit]: `[Service]\n${lines.join('\n')}\n` });

describe('what keeps systemd from starting a service', () => {
  const notes = (found: ServiceCommand): string[] =>
    found.faults.map(({ line, message }) => `${line ?? '-'}: ${message}`);

  it.each<[string, Record<string, string>, RegExp[]]>([
    ['nothing', run('ExecStart=k'), []],
    ['an environment file that is gone', run('ExecStart=k', 'EnvironmentFile=/none'), [/^3: .*\/none does not exist/]],
    ['... with -', run('ExecStart=k', 'EnvironmentFile=-/none'), []],
    ['... whose line is reset', run('ExecStart=k', 'EnvironmentFile=/none', 'EnvironmentFile='), []],
    [
      '... named by a specifier',
      run('ExecStart=k', 'EnvironmentFile=/%N.env'),
      [/^3: .*\/kubelet\.env does not exist/],
    ],
    ['... that is no absolute path', run('ExecStart=k', 'EnvironmentFile="/none"', 'EnvironmentFile=none'), []],
    ['no ExecStart', run('Environment=A=1'), [/no ExecStart=/]],
    ['ExecStart twice', run('ExecStart=k', 'ExecStart=k'), [/^3: .*second ExecStart/]],
    ['... of Type=oneshot', run('Type=oneshot', 'ExecStart=k', 'ExecStart=k'), []],
    ['an ExecStart that is none', run('ExecStart=bin/k'), [/^2: ExecStart=: .*relative/]],
    ['a variable for the program', run('Environment=A=k', 'ExecStart=$A'), [/^3: .*not expand variables/]],
    ['a program that is gone', run('ExecStart=/none/k'), [/^2: .*\/none\/k does not exist/]],
    ['a section without its bracket', run('ExecStart=k', '[Install'), [/^3: .*\[Section\]/]],
    ['an ExecStartPre that is none', run('ExecStartPre=%Z', 'ExecStart=k'), [/^2: ExecStartPre=.*%Z/]],
    ['a working directory that is gone', run('ExecStart=k', 'WorkingDirectory=/none'), [/^3: .*\/none does not exist/]],
    ['... with -', run('ExecStart=k', 'WorkingDirectory=-/none'), []],
    ['a working directory that is none', run('ExecStart=k', 'WorkingDirectory=none'), [/^3: WorkingDirectory=/]],
    [
      'in a drop-in, a line that ends its reading',
      { ...run('ExecStart=k $A $B'), [dropIn]: '[Service]\nEnvironment=A=1\nExecStart=%Z\nEnvironment=B=2\n' },
      [],
    ],
  ])('%s', (_, files, expected) => {
    const found = notes(told(files));
    expect(found).toHaveLength(expected.length);
    expected.forEach((pattern, index) => expect(found[index]).toMatch(pattern));
  });

  it('tells the path of the line, not of what it names', () => {
    const files = { ...run('ExecStart=k'), [dropIn]: '[Service]\n# site\nEnvironmentFile=/none\n' };
    expect(told(files).faults).toMatchObject([{ path: dropIn, line: 3 }]);
  });

  it('takes a folder for no file', () => {
    const stateOf = (): 'folder' => 'folder';
    expect(notes(told(run('ExecStart=k', 'EnvironmentFile=/d'), { stateOf }))).toEqual([
      expect.stringMatching(/\/d is a folder/),
    ]);
  });
});

describe('what is not known', () => {
  it.each<[string, Record<string, string>, ServiceContext, RegExp]>([
    ['a specifier', run('ExecStart=k --id=%m'), {}, /%m/],
    ['a specifier in a variable that is used', run('Environment=A=%m', 'ExecStart=k $A'), {}, /%m/],
    ['a specifier in a path', run('EnvironmentFile=-/%m', 'ExecStart=k'), {}, /%m/],
    ['PassEnvironment=', run('PassEnvironment=A', 'ExecStart=k ${A}'), {}, /systemd itself sets A/],
    ["what is in systemd's environment", run('ExecStart=k $A'), { manager: ['A'] }, /systemd itself sets A/],
    ['what systemd sets', run('ExecStart=k $HOME'), {}, /systemd itself sets HOME/],
    ['a pattern that nobody looked for', run('EnvironmentFile=-/e/*.env', 'ExecStart=k'), {}, /\/e\/\*\.env/],
    ['another root', run('RootDirectory=/x', 'ExecStart=k'), {}, /RootDirectory=/],
    ['one of several commands', run('Type=oneshot', 'ExecStart=k', 'ExecStart=k'), {}, /several/],
    [
      'a comment that ends in a backslash',
      { ...run('EnvironmentFile=/etc/e', 'ExecStart=k'), '/etc/e': '# \\\nA=1\n' },
      { systemd: undefined },
      /since version 254/,
    ],
    [
      'bytes that are no text',
      { ...run('EnvironmentFile=/etc/e', 'ExecStart=k'), '/etc/e': 'A=\uFFFD\n' },
      {},
      /not text/,
    ],
    ['... in the unit', run('ExecStart=k \uFFFD'), {}, /not text/],
  ])('%s', (_, files, context, message) => {
    const found = told(files, context);
    expect(found.unclear.map((one) => one.message)).toEqual([expect.stringMatching(message)]);
    expect(found.faults).toEqual([]);
  });

  it.each<[string, Record<string, string>, string[]]>([
    ['a specifier in a variable that is not used', run('Environment=A=%m B=1', 'ExecStart=k $B'), ['k', '1']],
    [
      'PassEnvironment= of what the unit sets',
      run('PassEnvironment=A', 'Environment=A=1', 'ExecStart=k $A'),
      ['k', '1'],
    ],
    [
      'PassEnvironment= of what it unsets',
      run('PassEnvironment=A', 'UnsetEnvironment=A', 'ExecStart=k $A ${A}'),
      ['k', ''],
    ],
    [
      'a comment with bytes',
      { ...run('EnvironmentFile=/etc/e', 'ExecStart=k $A'), '/etc/e': '# \uFFFD\nA=1\n' },
      ['k', '1'],
    ],
    ['a variable that is not set', run('ExecStart=k $A ${A} x'), ['k', '', 'x']],
  ])('all is known of %s', (_, files, expected) => {
    const found = told(files);
    expect(found.unclear).toEqual([]);
    expect(texts(found)).toEqual(expected);
  });

  it('marks the argument, and leaves its text as it is written', () => {
    const found = told(run('ExecStart=k --a=%m ${HOME} b'));
    expect(found.arguments.map(({ text, unclear }) => [text, unclear !== undefined])).toEqual([
      ['k', false],
      ['--a=%m', true],
      ['${HOME}', true],
      ['b', false],
    ]);
  });
});

describe('by version of systemd', () => {
  const files = { ...run('EnvironmentFile=/etc/e', 'ExecStart=k $A $B'), '/etc/e': '# see \\\nA=1\nB=2\n' };

  it.each([
    [252, ['k', '2']],
    [253, ['k', '2']],
    [254, ['k', '1', '2']],
    [257, ['k', '1', '2']],
  ])('%i reads a comment that ends in a backslash', (systemd, expected) => {
    const found = told(files, { systemd });
    expect(texts(found)).toEqual(expected);
    expect(found.unclear).toEqual([]);
  });
});

describe('the folder in which it is started', () => {
  it.each<[string, string[], string | undefined]>([
    ['none', [], '/'],
    ['one', ['WorkingDirectory=/usr//lib/'], '/usr/lib'],
    ['reset', ['WorkingDirectory=/usr', 'WorkingDirectory='], '/'],
    ['with a specifier', ['WorkingDirectory=/usr/%p'], '/usr/kubelet'],
    ['with one that is not known', ['WorkingDirectory=/usr/%m'], undefined],
    ['a home', ['WorkingDirectory=~'], '/root'],
    ['gone, with -', ['WorkingDirectory=-/none'], '/'],
    ['relative, with -', ['WorkingDirectory=/usr', 'WorkingDirectory=-x'], '/usr'],
  ])('%s', (_, lines, folder) => {
    const stateOf = (path: string): 'absent' | 'unread' => (path === '/none' ? 'absent' : 'unread');
    expect(told(run(...lines, 'ExecStart=k'), { stateOf }).workingDirectory).toBe(folder);
  });
});
