import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { setYamlValue } from '../../src/edit/yaml-edit.js';
import { type Extent, type YamlText, yamlText } from './yaml-text.js';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const paths = [
  'authentication.anonymous.enabled',
  'authentication.webhook.enabled',
  'authentication.webhook.cacheTTL',
  'authentication.x509.clientCAFile',
  'authorization.mode',
  'authorization.webhook.cacheUnauthorizedTTL',
  'readOnlyPort',
  'tlsCipherSuites',
  'featureGates',
  'featureGates.RotateKubeletServerCertificate',
  'serverTLSBootstrap',
  'customerKey.nested.deep',
  'customerKey.list',
] as const;

const value: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(true, false, 0, 10250, -1, 'Webhook', '4h0m0s', '/etc/kubernetes/pki/ca.crt', [], {}, ''),
  fc.constantFrom<Json>('yes', '010', 'null', '~', 'a: b', '# no', '- x', '"', "'", '1:30', '<<', '=', '2024-01-01'),
  fc.string({ unit: 'grapheme' }).filter((text) => !/\p{C}/u.test(text)),
  fc.array(fc.constantFrom('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'VersionTLS12', 'no'), { minLength: 1 }),
  fc.dictionary(fc.constantFrom('RotateKubeletServerCertificate', 'on', 'x y'), fc.boolean(), {
    minKeys: 1,
    noNullPrototype: true,
  }),
);

const load = (text: string): unknown =>
  parseDocument(text, { version: '1.1', uniqueKeys: false, logLevel: 'error' }).toJS({ maxAliasCount: 100 });

function withValue(data: unknown, path: readonly string[], wanted: Json): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return wanted;
  const isMap = typeof data === 'object' && data !== null && !Array.isArray(data);
  const map = isMap ? (data as Record<string, unknown>) : {};
  return { ...map, [key]: withValue(map[key], rest, wanted) };
}

/** Nothing but an insertion, or nothing but the bytes of the extent replaced. */
function changesOnly(before: string, after: string, extent: Extent | undefined): boolean {
  let prefix = 0;
  while (prefix < before.length && before[prefix] === after[prefix]) prefix += 1;
  let suffix = 0;
  while (suffix < before.length - prefix && before.at(-1 - suffix) === after.at(-1 - suffix)) suffix += 1;
  if (prefix + suffix === before.length) return after.length >= before.length;
  if (extent === undefined) return false;
  const kept = before.slice(extent.end);
  return (
    after.length >= extent.start + kept.length &&
    after.startsWith(before.slice(0, extent.start)) &&
    after.endsWith(kept)
  );
}

/** The value at the path, or the parent nearest to it that is written. */
function extentOf({ extents }: YamlText, path: string): Extent | undefined {
  for (let parts = path.split('.'); parts.length > 0; parts = parts.slice(0, -1)) {
    const extent = extents.get(parts.join('.'));
    if (extent !== undefined) return extent;
  }
  return undefined;
}

const runs = { numRuns: 1500 };

describe('setYamlValue on ordinary files', () => {
  it('sets the value, keeps every other byte, and changes nothing the second time', () => {
    fc.assert(
      fc.property(yamlText, fc.constantFrom(...paths), value, (source, path, wanted) => {
        const edited = setYamlValue(source.text, path.split('.'), wanted);
        if (!edited.ok) throw new Error(`refused: ${edited.error}`);
        expect(load(edited.value)).toEqual(withValue(load(source.text), path.split('.'), wanted));
        expect(changesOnly(source.text, edited.value, extentOf(source, path))).toBe(true);
        const again = setYamlValue(edited.value, path.split('.'), wanted);
        expect(again).toEqual(edited);
      }),
      runs,
    );
  });

  it('writes only line ends of the kind the file has', () => {
    fc.assert(
      fc.property(yamlText, fc.constantFrom(...paths), value, ({ text }, path, wanted) => {
        const edited = setYamlValue(text, path.split('.'), wanted);
        const bare = (of: string): number => of.split('\n').filter((line) => !line.endsWith('\r')).length - 1;
        if (edited.ok && text.includes('\r\n')) expect(bare(`${edited.value}\r\n`)).toBe(0);
        if (edited.ok && !text.includes('\r')) expect(edited.value).not.toContain('\r');
      }),
      { numRuns: 300 },
    );
  });

  it('keeps JSON files JSON', () => {
    fc.assert(
      fc.property(fc.constantFrom(...paths), value, fc.constantFrom(0, 1, 2, '\t'), (path, wanted, indent) => {
        const data = { kind: 'KubeletConfiguration', authentication: { x509: {} }, readOnlyPort: 1, featureGates: {} };
        const edited = setYamlValue(JSON.stringify(data, null, indent), path.split('.'), wanted);
        expect(JSON.parse(edited.ok ? edited.value : '')).toEqual(withValue(data, path.split('.'), wanted));
      }),
    );
  });
});

describe('setYamlValue on any text', () => {
  const fragment = fc.constantFrom(
    ...['a: ', 'readOnlyPort: ', 'authentication:', 'b: &x ', '*x', '<<: *x', '? ', '- ', '{', '}', '[', ']', ',', '|'],
    ...[
      '\n',
      '\n  ',
      '\n    ',
      '\n---\n',
      '\n...\n',
      ' # c',
      '!!str ',
      '"q"',
      "'",
      '1',
      'true',
      '\t',
      '\r\n',
      '%YAML 1.1',
    ],
    ...['anonymous: ', 'enabled: ', 'x509: {clientCAFile: a}', '\ufeff'],
  );

  it('never throws, and what it gives back is right', () => {
    fc.assert(
      fc.property(
        fc.array(fragment, { maxLength: 14 }).map((list) => list.join('')),
        fc.constantFrom('readOnlyPort', 'authentication.anonymous.enabled', 'a.b'),
        fc.constantFrom<Json>(false, 0, ['x'], { k: 'v' }),
        (text, path, wanted) => {
          const edited = setYamlValue(text, path.split('.'), wanted);
          if (!edited.ok) return;
          expect(isDeepStrictEqual(load(edited.value), withValue(load(text), path.split('.'), wanted))).toBe(true);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
