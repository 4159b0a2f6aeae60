/** The command line of the benchmark. */
import { expect, it } from 'vitest';
import { readOptions } from './options.js';

it('has values for a machine of two cores', () => {
  expect(readOptions([])).toEqual({
    hosts: 100,
    parallel: 32,
    rounds: 3,
    growth: [100, 500],
    only: undefined,
    kind: 'standin',
    report: 'docs/performance.md',
    command: 'npm run bench',
  });
});

it('takes others, and remembers how it was called', () => {
  const args = ['--hosts', '20', '--growth', '50,10', '--only', 'clush', '--report', '-', '--kind', 'real'];
  expect(readOptions(args)).toMatchObject({
    hosts: 20,
    growth: [10, 50],
    only: ['clush'],
    kind: 'real',
    report: undefined,
    command: `npm run bench -- ${args.join(' ')}`,
  });
});

it.each([
  [['--hosts', '0'], '--hosts is a number from 1 to 50000, not 0'],
  [['--hosts', '60000'], '--hosts is a number from 1 to 50000, not 60000'],
  [['--rounds', '2.5'], '--rounds is a number from 1 to 100, not 2.5'],
  [['--growth', '10,'], '--growth is a number from 1 to 50000, not '],
  [['--kind', 'k3s'], '--kind is standin or real, not k3s'],
  [['--only', 'ssh'], '--only is one of xargs ssh, pssh, clush, ansible, mitogen, not ssh'],
  [['--fast'], "Unknown option '--fast'"],
])('refuses %j', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
