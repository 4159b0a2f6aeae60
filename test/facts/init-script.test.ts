import { expect, it } from 'vitest';
import { initScriptCommand } from '../../src/facts/init-script.js';
import { textOf } from '../../src/facts/node-facts.js';
import { readNode } from '../nodes/recorded-node.js';

const script = '/etc/init.d/x';
const command = (text: string, files: Readonly<Record<string, string>> = {}) =>
  initScriptCommand(script, (path) => (path === script ? text : files[path]));
const words = (text: string): string[] => command(text).arguments.map((one) => one.text);

it('reads what the installer writes: arguments up to the redirection, each with its line', () => {
  const { facts } = readNode('k3s-openrc');
  const found = initScriptCommand('/etc/init.d/k3s', (path) => textOf(facts, path));
  expect(found.arguments.map(({ text, origin }) => [text, origin.line])).toEqual([
    ['/usr/local/bin/k3s', 14],
    ['server', 15],
    ['--node-label', 16],
    ['site="north hall"', 17],
    ['--config', 18],
    ['/etc/rancher/k3s/node.yaml', 19],
  ]);
  expect(found.environmentFiles).toEqual(['/etc/environment', '/etc/rancher/k3s/k3s.env']);
  expect(found.variables.get('K3S_TOKEN')?.value.text).toBe('not-a-real-token');
});

it.each([
  ['command=/k\ncommand_args=run', ['/k', 'run']],
  ['command="/a b/k"\ncommand_args="-x \'y z\'"', ['/a', 'b/k', '-x', 'y z']],
  ["command='/k'\ncommand_args='a \"b c\" 2>/dev/null d'", ['/k', 'a', 'b c']],
  ['command=/k\ncommand_args="a \\\nb"', ['/k', 'a', 'b']],
  ['command=/old\ncommand=/k\ncommand_args=""', ['/k']],
  ['command=/k\ncommand_args="\'>not\' a"', ['/k', '>not', 'a']],
])('%j is %j', (text, wanted) => {
  expect(words(text)).toEqual(wanted);
});

it.each([
  ['no script', ''],
  ['no arguments', 'command=/k\n'],
  ['a variable', 'command="$BIN/k"\ncommand_args=a\n'],
  ['a variable in an argument', 'command=/k\ncommand_args="a $MORE"\n'],
  ['a command', 'command=/k\ncommand_args="a `id`"\n'],
  ['an open quote', 'command=/k\ncommand_args="a\n'],
])('%s is no command: the shell is not played', (_, text) => {
  expect(words(text)).toEqual([]);
});

it('the last of several files wins', () => {
  const files = { '/a': 'X=1\nY=2\n', '/b': 'X=3\n' };
  const { variables } = command('. /a\nif true; then . /b; fi\n. $HOME/c\n', files);
  expect([...variables].map(([name, { value }]) => [name, value.text])).toEqual([
    ['X', '3'],
    ['Y', '2'],
  ]);
});
