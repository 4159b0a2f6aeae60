import { describe, expect, it } from 'vitest';
import type { FileFact, NodeFacts, UnitFact } from '../../src/facts/node-facts.js';
import { contextOf, unitCommand, unreadFiles, withDropIn } from '../../src/facts/unit-command.js';
import { factsOf, fileOf, unitOf } from '../nodes/facts-of.js';

const path = '/etc/systemd/system/kubelet.service';
const node = (
  text: string,
  over: Partial<UnitFact> = {},
  files: readonly FileFact[] = [],
  more: Partial<NodeFacts> = {},
): NodeFacts => ({
  ...factsOf({ [path]: text }, { systemd: 252, ...more }),
  units: [unitOf(over)],
  files: new Map([fileOf(path, text), ...files].map((file) => [file.path, file])),
});
const command = (facts: NodeFacts): ReturnType<typeof unitCommand> => {
  const [unit] = facts.units;
  if (unit === undefined) throw new Error('no unit');
  return unitCommand(facts, unit);
};
const text = '[Service]\nEnvironmentFile=-/etc/%N.env\nExecStart=/k --x=%H\n';
const asLoaded = {
  commands: ['/k --x=node1'],
  environmentFiles: [{ path: '/etc/kubelet.env', optional: true }],
};

describe('unitCommand', () => {
  it('knows the name of the unit and of the node', () => {
    const facts = node(text, {}, [fileOf('/etc/kubelet.env', 'A=1')]);
    const found = command(facts);
    expect(found.arguments.map((one) => one.text)).toEqual(['/k', '--x=node1']);
    expect(found.environmentFiles).toEqual(['/etc/kubelet.env']);
    expect(found.unclear).toEqual([]);
  });

  it('does not know by which of its names a unit expands its specifiers', () => {
    const facts = node(text, { name: 'k8s.service', names: ['k8s.service', 'kubelet.service'] });
    expect(command(facts).unclear).toMatchObject([{ path, line: 2 }]);
    expect(command(node('[Service]\nExecStart=/k\n', { names: ['a.service', 'b.service'] })).unclear).toEqual([]);
  });

  it.each<[string, Partial<UnitFact>, RegExp[]]>([
    ['the same', { asLoaded }, []],
    ['nothing', {}, []],
    ['another command', { asLoaded: { ...asLoaded, commands: ['/k --x=old'] } }, [/a different command.*ExecStart/]],
    ['other files', { asLoaded: { ...asLoaded, environmentFiles: [] } }, [/different files than EnvironmentFile=/]],
    [
      'a file that must be there',
      { asLoaded: { ...asLoaded, environmentFiles: [{ path: '/etc/kubelet.env', optional: false }] } },
      [/different files than EnvironmentFile=/],
    ],
  ])('compares with what systemd has loaded: %s', (_, unit, expected) => {
    const found = command(node(text, unit, [fileOf('/etc/kubelet.env', '')]));
    expect(found.unclear.map(({ message }) => message)).toEqual(
      expected.map((one) => expect.stringMatching(one) as string),
    );
  });

  it.each<[string, NodeFacts, RegExp]>([
    ['refused for a reason that is not seen', node(text, { refused: true }), /error in the unit/],
    ['gone', node(text, {}, [{ kind: 'absent', path }]), /no longer exists/],
    ['a link to /dev/null', node(text, {}, [fileOf(path, '', { kind: 'other', linkTarget: '/dev/null' })]), /masked/],
    ['an empty file', node('', {}), /masked/],
  ])('tells a unit that does not start: %s', (_, facts, message) => {
    expect(command(facts).faults.map((one) => one.message)).toEqual([expect.stringMatching(message)]);
  });
});

describe('contextOf', () => {
  const globs = new Map([
    ['/e/*.env', ['/e/b.env', '/e/Z.env', '/e/a.env']],
    ['/e/a[1]', ['/e/a[1]']],
    ['/e/[ab]', ['/e/a']],
    ['/e/[^a]', ['/e/b']],
    ['/e/\\*', ['/e/*']],
    ['/e/none*', []],
  ]);
  const { matches } = contextOf(factsOf({}, { globs }), unitOf());

  it.each([
    ['/e/*.env', ['/e/Z.env', '/e/a.env', '/e/b.env']],
    ['/e/[ab]', ['/e/a']],
    ['/e/none*', []],
    // Nobody looked.
    ['/e/?', undefined],
    // A shell and systemd may not find the same.
    ['/e/a[1]', undefined],
    ['/e/[^a]', undefined],
    ['/e/\\*', undefined],
  ])('%s', (pattern, found) => {
    expect(matches?.(pattern)).toEqual(found);
  });
});

describe('withDropIn', () => {
  const ours = '/etc/systemd/system/kubelet.service.d/zz-kubelatch.conf';
  it.each([
    [
      ['/lib/d/10.conf', '/etc/d/20.conf'],
      ['/lib/d/10.conf', '/etc/d/20.conf', ours],
    ],
    [
      ['/lib/d/10.conf', '/lib/d/zzz.conf'],
      ['/lib/d/10.conf', ours, '/lib/d/zzz.conf'],
    ],
    [
      ['/lib/d/zz-kubelatch.conf', '/etc/d/a.conf'],
      ['/etc/d/a.conf', ours],
    ],
    [
      ['/lib/d/a.conf', '/lib/d/Z.conf'],
      ['/lib/d/Z.conf', '/lib/d/a.conf', ours],
    ],
  ])('%j', (before, after) => {
    expect(withDropIn(before, ours)).toEqual(after);
  });
});

it('unreadFiles leaves out what systemd takes for empty, or is known not to be there', () => {
  const dropInPaths = ['/d/mask.conf', '/d/secret.conf'];
  const files: FileFact[] = [
    fileOf('/d/mask.conf', '', { kind: 'other', linkTarget: '/dev/null' }),
    { kind: 'unreadable', path: '/d/secret.conf', reason: '' },
    { kind: 'absent', path: '/e/gone' },
    fileOf('/e/folder', '', { kind: 'folder' }),
  ];
  const names = ['gone', 'folder', 'unasked', '*.env'].map((name) => `EnvironmentFile=-/e/${name}`);
  const facts = node(`[Service]\n${names.join('\n')}\nExecStart=/k\n`, { dropInPaths }, files);
  const [unit] = facts.units;
  const paths = unit === undefined ? [] : unreadFiles(facts, unit, command(facts)).map((one) => one.path);
  expect(paths).toEqual(['/d/secret.conf', '/e/unasked']);
});
