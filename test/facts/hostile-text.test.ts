/** Texts of a node that means harm: each ends as a fault of that node, and no step grows with the square of a text. */
import { expect, it } from 'vitest';
import { serviceCommand } from '../../src/facts/command-line.js';
import { parseConfigFile } from '../../src/facts/config-file.js';
import { readYaml } from '../../src/lib/yaml-source.js';
import { unifiedDiff } from '../../src/plan/unified-diff.js';

const header = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
/** A text that was read before is remembered: each one is new here. */
let turn = 0;
const faultOf = (text: string): string | undefined =>
  parseConfigFile('/c.yaml', `${header}# ${(turn += 1)}\n${text}`).fault?.message;
const lines = (count: number, line: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => line(at)).join('');

function commandOf(unit: string, environment = ''): ReturnType<typeof serviceCommand> {
  const files: Readonly<Record<string, string>> = { '/u': `[Service]\n${unit}`, '/e': environment };
  return serviceCommand(['/u'], (path) => files[path]);
}

it.each([
  ['a mapping', 'authentication:\n  anonymous:\n    enabled: &a [*a]\n'],
  ['a list', 'tlsCipherSuites: &a [*a]\n'],
])('an anchor that contains itself is refused in %s', (_, text) => {
  expect(faultOf(text)).toBe('not valid YAML: an anchor contains itself');
});

it('aliases that multiply are refused, many values without aliases are not', () => {
  const layers = lines(12, (at) => `l${at + 1}: &l${at + 1} [${`*l${at},`.repeat(9)}]\n`);
  expect(faultOf(`l0: &l0 [a]\n${layers}`)).toMatch(/alias/);
  expect(faultOf(`allowedUnsafeSysctls:\n${lines(25_000, (at) => `- a${at}\n`)}`)).toBeUndefined();
});

it.each(['['.repeat(50_000), '{a: '.repeat(20_000), '- '.repeat(20_000)])(
  'text that nests too deep is refused',
  (text) => {
    expect(faultOf(`x:\n ${text}\n`)).toMatch(/not valid YAML/);
  },
);

it('a file that a person wrote may not hold itself', () => {
  const source = readYaml('inventory.yaml', 'hosts:\n  a: &a [*a]\n');
  expect(source.problems).toEqual([
    { path: [], message: 'this alias is inside its own anchor', position: { line: 2, column: 10 } },
  ]);
});

it.each([
  ['one argument', `ExecStart=/k ${'${A}'.repeat(2000)}`, `A=${'x'.repeat(100_000)}`],
  ['all arguments', `ExecStart=/k${' $A'.repeat(3000)}`, `A=${'x '.repeat(30_000)}`],
])('a command line that expands beyond what Linux allows is a fault: %s', (_, exec, environment) => {
  const { arguments: found, faults } = commandOf(`EnvironmentFile=/e\n${exec}\n`, environment);
  expect(found).toEqual([]);
  expect(faults).toEqual([
    { path: '/u', line: 3, message: expect.stringContaining('the command line exceeds the Linux limit') as string },
  ]);
});

it('a command line within the bounds is none', () => {
  expect(commandOf(`EnvironmentFile=/e\nExecStart=/k $A\n`, `A=${'x'.repeat(131_071)}`).faults).toEqual([]);
  expect(commandOf(`EnvironmentFile=/e\nExecStart=/k $A\n`, `A=${'x'.repeat(131_072)}`).faults).toHaveLength(1);
});

it('a diff of more lines than are compared replaces the range between the first and the last', () => {
  const text = (mark: string): string => `a\nb\nc\nd\n${lines(2000, (at) => `${mark}${at}\n`)}w\nx\ny\nz\n`;
  const diff = unifiedDiff('/f', text('-'), text('+'));
  expect(diff).toContain('--- /f\n+++ /f\n@@ -2,2006 +2,2006 @@\n b\n c\n d\n--0\n');
  expect(diff.endsWith('++1999\n w\n x\n y\n')).toBe(true);
});

/** Computing time for four times as much, as a multiple; small times say nothing. */
function growth(work: (size: number) => void, size: number): number {
  const time = (count: number): number => {
    const began = process.cpuUsage();
    work(count);
    return Math.max(process.cpuUsage(began).user / 1000, 100);
  };
  time(size);
  return Math.min(time(4 * size), time(4 * size)) / Math.min(time(size), time(size));
}

it.each<[string, number, (size: number) => void]>([
  [
    'blank lines and arguments',
    5000,
    (n) => commandOf(`${'\n'.repeat(2 * n)}ExecStart=/k${lines(n, (at) => ` --x${at}`)}\n`),
  ],
  ['comments', 20_000, (n) => faultOf('#\n'.repeat(n))],
  ['documents', 5000, (n) => faultOf('---\n'.repeat(n))],
  ['unknown keys', 3000, (n) => faultOf(lines(n, (at) => `maxPodz${at}: 1\n`))],
  ['aliases', 5000, (n) => readYaml('i.yaml', `a: &a 1\nb: [${'*a, '.repeat(n)}]\n`)],
  [
    'changed lines',
    2500,
    (n) =>
      unifiedDiff(
        '/f',
        lines(n, (at) => `a${at}\n`),
        lines(n, (at) => `b${at}\n`),
      ),
  ],
])('reading grows with the text and not with its square: %s', (_, size, work) => {
  expect(growth(work, size)).toBeLessThan(10);
});
