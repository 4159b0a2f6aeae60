import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument, stringify } from 'yaml';
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
        const { values, overridden } = readSupervisorConfig(texts(list), []);
        const written = list.flatMap((entries, index) =>
          entries.flatMap((one) => valuesOf(one).map((text) => `${one.key} ${text} /c.yaml.d/${index}.yaml`)),
        );
        const kept = [...values].flatMap(([name, entries]) =>
          entries.map(({ text, origin }) => `${name} ${text} ${origin.path}`),
        );
        const gone = overridden.map((one) => `${one.key} ${one.text} ${one.origin.path}`);
        expect([...kept, ...gone].sort()).toEqual([...written].sort());
        for (const one of overridden) expect(one.overriddenBy.path > one.origin.path).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('arguments of ExecStart stand behind the values of the files for their key, and hide none', () => {
    fc.assert(
      fc.property(
        files,
        key,
        fc.array(value, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (list, name, given, joined) => {
          const args = given.flatMap((one) => (joined ? [`--${name}=${one}`] : [`--${name}`, one])).map(argument);
          const config = readSupervisorConfig(texts(list), args);
          expect(plain(config)).toEqual({ ...model(list), [name]: [...(model(list)[name] ?? []), ...given] });
          expect(config.overridden.length).toBe(readSupervisorConfig(texts(list), []).overridden.length);
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
    ['- a\n', 'the top level is not a mapping'],
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
      overridden: [],
    });
  });
});

const name = fc.constantFrom('p', 'q', 'r');
const scalar = fc.constantFrom(
  'a=1',
  'read-only-port=10255',
  '"b=2"',
  "'c=3'",
  'true',
  '8',
  'd: 4',
  '[e, f]',
  '{g: 5}',
  '<<',
  '',
);
/** What stands in place of a value, anchored or not; an alias may have no anchor above it. */
const written = fc.oneof(
  scalar,
  fc.tuple(name, scalar).map(([anchor, one]) => `&${anchor} ${one}`),
  name.map((anchor) => `*${anchor}`),
);
const top = fc.constantFrom('kubelet-arg', 'kubelet-arg+', 'x', '<<', '"<<"', '&k y', 'node-name');
const block = fc.tuple(
  top,
  fc.option(name, { nil: undefined }),
  fc.array(written, { minLength: 1, maxLength: 3 }),
  fc.boolean(),
);
const anchors = 'd: [&p a=1, &q "b=2", &r [c=3, d]]\n';
const yaml = fc
  .tuple(fc.constantFrom('', anchors, anchors), fc.array(block, { minLength: 1, maxLength: 5 }))
  .map(([head, blocks]) =>
    [
      head,
      ...blocks.map(([one, anchor, items, isList]) => {
        const head = `${one}:${anchor === undefined ? '' : ` &${anchor}`}`;
        return isList ? `${head}\n${items.map((item) => `  - ${item}\n`).join('')}` : `${one}: ${items[0] ?? ''}\n`;
      }),
    ].join(''),
  );

describe('anchors and aliases', () => {
  it('never throw, and stand for what a plain resolution makes of them', () => {
    let resolved = 0;
    fc.assert(
      fc.property(yaml, (text) => {
        const { values, faults } = readSupervisorConfig([{ path: '/c.yaml', text }], []);
        if (faults.length > 0) return;
        const document = parseDocument(text, { version: '1.1', uniqueKeys: false, merge: false });
        expect(document.errors).toEqual([]);
        const data: unknown = document.toJS({ mapAsMap: true });
        const pairs = data instanceof Map ? [...(data as Map<unknown, unknown>)] : [];
        // A key that stands twice, or with its +, follows the rule of the files: told above.
        if ((text.match(/^"?kubelet-arg/gm) ?? []).length !== 1) return;
        const [, found] = pairs.find(([one]) => String(one).startsWith('kubelet-arg')) ?? [];
        const items: unknown[] = Array.isArray(found) ? found : [found];
        const ofText = items.map((item) => (typeof item === 'string' ? item.trim() : undefined));
        const got = (values.get('kubelet-arg') ?? []).map(({ text: one, form }) =>
          form === undefined ? one : undefined,
        );
        expect(got).toEqual(ofText);
        if (text.includes('*') && ofText.some((one) => one !== undefined)) resolved += 1;
      }),
      { numRuns: 1000, seed: 8 },
    );
    expect(resolved).toBeGreaterThan(50);
  }, 60_000);

  it('never throw, whatever the bytes are', () => {
    const piece = fc.constantFrom(
      'kubelet-arg',
      ':',
      ' ',
      '\n',
      '- ',
      '&p',
      '*p',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '\t',
      '|',
      '#',
      '---',
      '<<',
      '?',
      '%',
      '!',
      '\ufeff',
      '\0',
      'é',
      '\u2028',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 40 }).map((all) => all.join('')),
          fc.string(),
        ),
        (text) => {
          expect(() => readSupervisorConfig([{ path: '/c.yaml', text }], [])).not.toThrow();
        },
      ),
      { numRuns: 1000, seed: 8 },
    );
  }, 60_000);

  it('are read in time, however they multiply', () => {
    const layers = Array.from({ length: 12 }, (_, at) => `l${at}: &l${at} [${`*l${at - 1},`.repeat(9)}]\n`).slice(1);
    const bomb = `l0: &l0 [a=1]\n${layers.join('')}kubelet-arg: *l11\n`;
    const deep = `kubelet-arg: ${'['.repeat(50_000)}\n`;
    const many = `kubelet-arg:\n${'- &p a=1\n- *p\n'.repeat(8000)}`;
    const dashes = `kubelet-arg: ["${'-'.repeat(200_000)}x=1"]\n`;
    const start = performance.now();
    const said = [bomb, deep, many, dashes].map(
      (text) => readSupervisorConfig([{ path: '/c', text }], []).faults[0]?.message,
    );
    expect(said.slice(0, 2)).toEqual([
      expect.stringContaining('excessive aliasing') as string,
      expect.stringContaining('not valid YAML') as string,
    ]);
    expect(performance.now() - start).toBeLessThan(20_000);
  }, 60_000);
});
