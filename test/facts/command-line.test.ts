import { describe, expect, it } from 'vitest';
import { type ServiceCommand, serviceCommand } from '../../src/facts/command-line.js';

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
    expect(found.hidden.map(({ name, value, origin, hiddenBy }) => [name, value, origin.path, hiddenBy.line])).toEqual([
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

  it('gives each argument the line it stands on, over continuation lines and comments', () => {
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
});
