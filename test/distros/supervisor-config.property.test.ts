import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readSupervisorConfig } from '../../src/distros/supervisor-config.js';
import type { Argument } from '../../src/facts/command-line.js';

const key = fc.constantFrom('kubelet-arg', 'node-label', 'tls-san');
const value = fc.constantFrom('a=1', 'b=2', '--c=3', 'bare', 'd+=4', 'with blank');
const entry = fc.record({
  key,
  appends: fc.boolean(),
  values: fc.array(value, { minLength: 1, maxLength: 3 }),
  scalar: fc.boolean(),
});
/** A file holds each key once, as YAML wants it. */
const file = fc.uniqueArray(entry, { maxLength: 3, selector: (one) => one.key });
const files = fc.array(file, { maxLength: 5 });
type Entries = typeof entry extends fc.Arbitrary<infer T> ? readonly T[] : never;

const valuesOf = ({ values, scalar }: Entries[number]): readonly string[] => (scalar ? values.slice(0, 1) : values);

function texts(list: readonly Entries[]): { path: string; text: string }[] {
  return list.map((entries, index) => ({
    path: `/c.yaml.d/${index}.yaml`,
    text: stringify(
      Object.fromEntries(
        entries.map((one) => [`${one.key}${one.appends ? '+' : ''}`, one.scalar ? one.values[0] : one.values]),
      ),
    ),
  }));
}

/** The rule in its plainest form: a key replaces, a key with + appends. */
function model(list: readonly Entries[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const one of list.flat()) {
    found[one.key] = [...(one.appends ? (found[one.key] ?? []) : []), ...valuesOf(one)];
  }
  return found;
}

const plain = (config: ReturnType<typeof readSupervisorConfig>): Record<string, string[]> =>
  Object.fromEntries([...config.values].map(([name, entries]) => [name, entries.map(({ text }) => text)]));

const argument = (text: string): Argument => ({
  text,
  origin: { kind: 'unit', path: '/k3s.service', line: 1, start: 0, end: 0 },
});

describe('config.yaml and its folder', () => {
  it('the last file wins, and + appends', () => {
    fc.assert(
      fc.property(files, (list) => {
        const config = readSupervisorConfig(texts(list), []);
        expect(config.faults).toEqual([]);
        expect(plain(config)).toEqual(model(list));
      }),
      { numRuns: 500 },
    );
  });

  it('every entry is in effect or lost, each with its file, and none is both', () => {
    fc.assert(
      fc.property(files, (list) => {
        const { values, lost } = readSupervisorConfig(texts(list), []);
        const written = list.flatMap((entries, index) =>
          entries.flatMap((one) => valuesOf(one).map((text) => `${one.key} ${text} /c.yaml.d/${index}.yaml`)),
        );
        const kept = [...values].flatMap(([name, entries]) =>
          entries.map(({ text, origin }) => `${name} ${text} ${origin.path}`),
        );
        const gone = lost.map((one) => `${one.key} ${one.text} ${one.origin.path}`);
        expect([...kept, ...gone].sort()).toEqual([...written].sort());
        for (const one of lost) expect(one.hiddenBy.path > one.origin.path).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('one argument of ExecStart hides every value of the files for its key, and no other key', () => {
    fc.assert(
      fc.property(
        files,
        key,
        fc.array(value, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (list, name, given, joined) => {
          const known = name === 'kubelet-arg' || given.every((one) => !one.startsWith('-'));
          fc.pre(known);
          const args = given.flatMap((one) => (joined ? [`--${name}=${one}`] : [`--${name}`, one])).map(argument);
          const config = readSupervisorConfig(texts(list), args);
          expect(plain(config)).toEqual({ ...model(list), [name]: given });
          const before = readSupervisorConfig(texts(list), []);
          expect(config.lost.length).toBe(before.lost.length + (before.values.get(name)?.length ?? 0));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('an entry’s place is where it stands in its file', () => {
    fc.assert(
      fc.property(files, (list) => {
        const all = texts(list);
        for (const { text, origin } of [...readSupervisorConfig(all, []).values.values()].flat()) {
          const source = all.find(({ path }) => path === origin.path)?.text ?? '';
          expect(source.slice(origin.start, origin.end).replace(/^"(.*)"$/, '$1')).toBe(text);
          expect(source.slice(0, origin.start).split('\n').length).toBe(origin.line);
        }
      }),
    );
  });
});

describe('what does not parse', () => {
  it.each([
    ['a: [b\n', 'not valid YAML'],
    ['- a\n', 'the top level is no mapping'],
  ])('%j is a fault with its place, and the other files are still read', (text, message) => {
    const config = readSupervisorConfig(
      [
        { path: '/1.yaml', text },
        { path: '/2.yaml', text: 'kubelet-arg: a=1\n' },
      ],
      [],
    );
    expect(config.faults).toEqual([
      { path: '/1.yaml', line: expect.any(Number) as number, message: expect.stringContaining(message) as string },
    ]);
    expect(plain(config)).toEqual({ 'kubelet-arg': ['a=1'] });
  });

  it('an empty file says nothing', () => {
    expect(readSupervisorConfig([{ path: '/1.yaml', text: '# nothing\n' }], [])).toMatchObject({
      faults: [],
      lost: [],
    });
  });
});
