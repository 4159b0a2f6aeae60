import { describe, expect, it } from 'vitest';
import { readSupervisorConfig } from '../../src/distros/supervisor-config.js';
import type { Argument } from '../../src/facts/command-line.js';

const read = (...texts: string[]): ReturnType<typeof readSupervisorConfig> =>
  readSupervisorConfig(
    texts.map((text, at) => ({ path: `/${at}.yaml`, text })),
    [],
  );
const args = (...texts: string[]): Argument[] =>
  texts.map((text) => ({ text, origin: { kind: 'unit', path: '/k3s.service', line: 9, start: 0, end: 0 } }));
const valuesOf = (config: ReturnType<typeof readSupervisorConfig>, key = 'kubelet-arg'): string[] | undefined =>
  config.values.get(key)?.map(({ text }) => text);

describe('kubelet-arg, as k3s makes arguments of it (each line run through gopkg.in/yaml.v2)', () => {
  it.each<readonly [what: string, text: string, values: readonly string[] | undefined]>([
    ['an alias of a text', 'x: &p read-only-port=10255\nkubelet-arg:\n- *p\n', ['read-only-port=10255']],
    ['an alias of a list', 'x: &l\n- a=1\n- b=2\nkubelet-arg: *l\n', ['a=1', 'b=2']],
    ['an alias in place of a single value', 'x: &p a=1\nkubelet-arg: *p\n', ['a=1']],
    ['an alias as its key', 'x: &k kubelet-arg\n*k : [a=1]\n', ['a=1']],
    ['an anchor given twice: the last above counts', 'x: &p a=1\ny: &p b=2\nkubelet-arg: [*p]\n', ['b=2']],
    ['an anchor on the list itself', 'kubelet-arg: &l [a=1]\nx: *l\n', ['a=1']],
    ['+ with an alias', 'kubelet-arg: &x a=1\nkubelet-arg+: *x\n', ['a=1', 'a=1']],
    ['what << merges: nothing', 'x: &m {kubelet-arg: [a=1]}\n<<: *m\nnode-name: n\n', undefined],
    ['<< beside an entry', 'x: &m {kubelet-arg: [a=1]}\n<<: [*m]\nkubelet-arg+: [b=2]\n', ['b=2']],
    ['a list in a list: its first', 'kubelet-arg: [[a=1, b=2], c=3, []]\n', ['a=1', 'c=3', '']],
    ['a mapping', 'kubelet-arg:\n  - read-only-port: 10255\n', ['[{read-only-port 10255}]']],
    ['a mapping for all', 'kubelet-arg: {a: 1, b: [c, null]}\n', ['[{a 1} {b [c <nil>]}]']],
    [
      'numbers, booleans, nothing',
      'kubelet-arg: [010, 1.50, yes, ~, "", 1e7]\n',
      ['8', '1.5', 'true', '', '', '1e+07'],
    ],
    ['nothing behind the key', 'kubelet-arg:\n', ['']],
    ['an empty list', 'kubelet-arg: []\n', []],
    ['a tag', 'kubelet-arg: [!!str 010, !!int "8", !foo a=1, !!binary YT0x]\n', ['010', '8', 'a=1', 'a=1']],
    ['a block of text', 'kubelet-arg: |\n  a=1\n  b=2\n', ['a=1\nb=2']],
    ['blanks around', 'kubelet-arg: [" a=1 "]\n', ['a=1']],
    ['the same key twice', 'kubelet-arg: a=1\nkubelet-arg: b=2\n', ['b=2']],
    ['the same key with +', 'kubelet-arg: a=1\nkubelet-arg+: [b=2]\n', ['a=1', 'b=2']],
    ['+ behind nothing', 'kubelet-arg:\nkubelet-arg+: b=2\n', ['b=2']],
    ['+ with nothing', 'kubelet-arg: a=1\nkubelet-arg+:\n', ['a=1']],
    ['two +', 'kubelet-arg++: b=2\n', undefined],
    ['a flag in the key', 'kubelet-arg=max-pods: 9\nkubelet-arg: v=2\n', ['max-pods=9', 'v=2']],
    ['a second document', 'kubelet-arg: a=1\n---\nkubelet-arg: b=2\n', ['a=1']],
    ['a byte order mark', '\ufeffkubelet-arg: a=1\n', ['a=1']],
    ['ends of lines of Windows', 'kubelet-arg:\r\n- a=1\r\n- b=2\r\n', ['a=1', 'b=2']],
    ['a tab behind the colon', 'kubelet-arg:\ta=1\n', ['a=1']],
    ['YAML 1.1', '%YAML 1.1\n---\nkubelet-arg: a=1\n', ['a=1']],
    ['an empty file', '', undefined],
    ['null', 'null\n', undefined],
  ])('%s', (_, text, values) => {
    const config = read(text);
    expect(config.faults).toEqual([]);
    expect(valuesOf(config)).toEqual(values);
  });

  it('+ in a later file stands behind what came before, without it all of that is lost', () => {
    const [first, plus, later] = ['kubelet-arg: [a=1]\n', 'x: &p b=2\nkubelet-arg+: *p\n', 'kubelet-arg: []\n'];
    expect(valuesOf(read(first, plus))).toEqual(['a=1', 'b=2']);
    const wiped = read(first, plus, later);
    expect(valuesOf(wiped)).toEqual([]);
    expect(
      wiped.overridden.map(({ text, overriddenBy }) => `${text} ${overriddenBy.path}:${overriddenBy.line}`),
    ).toEqual(['a=1 /2.yaml:1', 'b=2 /2.yaml:1']);
  });
});

describe('what keeps k3s from starting', () => {
  it.each<readonly [text: string, line: number | undefined, message: string]>([
    ['a: *x\nb: &x 1\n', 1, 'the alias *x has no anchor above it'],
    ['kubelet-arg:\n- a=1\n- *nope\n', 3, 'the alias *nope has no anchor above it'],
    ['a: &a [*a]\n', 1, 'not valid YAML: an anchor contains itself'],
    ['<<: x\nkubelet-arg: [a=1]\n', 1, '<< needs a mapping or a list of mappings'],
    ['kubelet-arg: [{<<: [a]}]\n', 1, '<< needs a mapping or a list of mappings'],
    ['x: !!int a\n', 1, 'a is not a valid int'],
    ['- kubelet-arg\n', 1, 'the top level is not a mapping'],
    ['kubelet-arg\n', 1, 'the top level is not a mapping'],
    ['12\n', 1, 'the top level is not a mapping'],
    ['kubelet-arg:\n\t- a=1\n', 2, 'not valid YAML: '],
    ['kubelet-arg:\n- a=1\n\t\nx: 1\n', 3, 'not valid YAML: '],
    ['kubelet-arg:\n- \ta=1\n', 2, 'not valid YAML: a tab is used for indentation'],
    ['kubelet-arg: [a=1\n', 2, 'not valid YAML: '],
    ['kubelet-arg: a: b\n', 1, 'not valid YAML: '],
    ['%YAML 1.2\n---\na: b\n', 1, 'not valid YAML: only YAML 1.1 is supported, not 1.2'],
    ['%FOO\n---\na: b\n', 1, 'not valid YAML: unknown directive'],
    ['a: b\n: c\n', 2, 'not valid YAML: a key is missing before the colon'],
    ['# x\n...\na: b\n', 2, 'not valid YAML: a document ends before it starts'],
    ['a: b\nc: \0\n', 2, 'not valid YAML: it contains a control character'],
    ['a: b\n# \u2028kubelet-arg: [a=1]\n', 2, 'it contains a Unicode line break, which editors may not show'],
  ])('%j is refused with its line', (text, line, message) => {
    expect(read(text).faults).toEqual([{ path: '/0.yaml', line, message: expect.stringContaining(message) as string }]);
  });
});

it('what YAML has and k3s passes over is told with its line', () => {
  const { ignored } = read('x: &m {kubelet-arg: [a=1]}\n<<: *m\n---\na: b\n');
  expect(ignored.map(({ line, message }) => `${line} ${message}`)).toEqual([
    '2 << has no effect at the top level; the merged keys are ignored',
    '3 only the first YAML document of a file is read',
  ]);
});

describe('an entry’s place', () => {
  const placeOf = (text: string): string[] =>
    (read(text).values.get('kubelet-arg') ?? []).map(
      ({ origin, shared }) =>
        `${origin.line} ${text.slice(origin.start, origin.end)}${shared === undefined ? '' : ` &${shared.anchor}:${shared.line}`}`,
    );
  it.each([
    ['of an alias is where the alias stands', 'x: &p a=1\nkubelet-arg:\n- *p\n', ['3 *p']],
    ['of an item of an aliased list is where that stands', 'x: &l\n- a=1\nkubelet-arg: *l\n', ['2 a=1 &l:3']],
    [
      'of an anchored item tells who else takes it up',
      'kubelet-arg:\n- &p a=1\n- b=2\nx:\n- *p\n',
      ['2 a=1 &p:5', '3 b=2'],
    ],
    ['is the same behind a byte order mark', '\ufeffkubelet-arg: [a=1]\n', ['1 a=1']],
  ])('%s', (_, text, places) => {
    expect(placeOf(text)).toEqual(places);
  });
});

describe('arguments, as Go’s flag package reads them', () => {
  it.each<readonly [what: string, given: readonly string[], key: string, values: readonly string[] | undefined]>([
    ['stand behind the files', ['--kubelet-arg=c=3', '-kubelet-arg', 'd=4'], 'kubelet-arg', ['a=1', 'c=3', 'd=4']],
    ['a value may begin with dashes', ['--kubelet-arg', '--c=3', '--debug'], 'kubelet-arg', ['a=1', '--c=3']],
    [
      'a switch takes no next word, which ends them',
      ['--selinux', 'true', '--kubelet-arg=c=3'],
      'kubelet-arg',
      ['a=1'],
    ],
    ['a switch with its value', ['--selinux=false', '--kubelet-arg=c=3'], 'selinux', ['false']],
    ['short names', ['-d', '/srv', '-t=x'], 'data-dir', ['/srv']],
    ['one nobody knows takes no flag for its value', ['--new-one', '--kubelet-arg=c=3'], 'kubelet-arg', ['a=1', 'c=3']],
    ['one without its value', ['--kubelet-arg'], 'kubelet-arg', ['a=1', 'true']],
  ])('%s', (_, given, key, values) => {
    const config = readSupervisorConfig([{ path: '/0.yaml', text: 'kubelet-arg: [a=1]\n' }], args(...given));
    expect(valuesOf(config, key)).toEqual(values);
  });
});
