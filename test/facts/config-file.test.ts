import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConfigFile, parseConfigFile } from '../../src/facts/config-file.js';
import { type ResolvedFiles, resolveFiles } from '../../src/facts/resolve-config.js';
import { yamlText } from '../edit/yaml-text.js';

const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const parse = (text: string): ReturnType<typeof parseConfigFile> => parseConfigFile('/c', text);
const ignored = (text: string): ConfigFile['ignored'] => parse(head + text).file?.ignored ?? [];

const resolved = (file: ConfigFile | undefined): ResolvedFiles => resolveFiles(file, [], true, undefined);
/** Values and lines, by field. */
const found = (file: ConfigFile | undefined): Record<string, unknown> =>
  Object.fromEntries([...resolved(file).values].map(([path, { value, place }]) => [path, [value, place.line]]));

describe('parseConfigFile', () => {
  it('knows the line of each setting', () => {
    const { file } = parse(`${head}authentication:\n  anonymous: {enabled: yes}\n\n# c\nreadOnlyPort: 010\n`);
    expect(found(file)).toEqual({ 'authentication.anonymous.enabled': [true, 4], readOnlyPort: [8, 7] });
  });

  it('takes the last of a repeated key', () => {
    const { file } = parse(`${head}readOnlyPort: 1\nreadOnlyPort: 2\n`);
    expect(found(file)).toEqual({ readOnlyPort: [2, 4] });
    expect(file?.ignored).toEqual([
      { key: 'readOnlyPort', line: 3, value: 1, reason: 'duplicate', suggestion: undefined },
    ]);
  });

  it.each([
    ['readonlyPort: 0', 'readOnlyPort'],
    ['read-only-port: 0', 'readOnlyPort'],
    ['readOnlyPorts: 0', 'readOnlyPort'],
    ['raedOnlyPot: 0', 'readOnlyPort'],
    ['ServerTLSBootstrap: true', 'serverTLSBootstrap'],
    ['authentication: {anonymus: {enabled: false}}', 'authentication.anonymous'],
    ['authorization: {webhook: {cacheAuthorisedTTL: 0s}}', 'authorization.webhook.cacheAuthorizedTTL'],
  ])('%s was meant to be %s', (text, meant) => {
    expect(ignored(`${text}\n`)).toMatchObject([{ line: 3, reason: 'unknown', suggestion: meant }]);
  });

  it('has no guess for a key that is like none', () => {
    expect(ignored('companyNote: x\n')).toMatchObject([{ key: 'companyNote', suggestion: undefined }]);
    expect(ignored('maxPods: 110\nclusterDNS: [1.1.1.1]\n')).toEqual([]);
  });

  it.each<[string, string, number]>([
    ['no YAML', `${head}a: [1\n`, 4],
    ['a tab as indent', `${head}authorization:\n\tmode: x\n`, 4],
    ['no kind', 'apiVersion: kubelet.config.k8s.io/v1beta1\n', 1],
    ['another version', head.replace('v1beta1', 'v1'), 1],
    ['a list', '- a\n', 1],
    ['an alias within itself', `${head}x: &a [*a]\n`, 3],
  ])('has a fault with its line: %s', (_, text, line) => {
    const { file, fault } = parse(text);
    expect(file).toBeUndefined();
    expect(fault).toMatchObject({ path: '/c', line });
  });

  it.each(['', ' \n', '# only a comment\n'])('has a fault where nothing is said: %j', (text) => {
    expect(parse(text)).toMatchObject({ fault: { path: '/c' } });
  });

  it('bears aliases that would fill the memory', () => {
    const bomb = `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 9 }, () => `*a${i}`).join(', ')}]\n`).join('')}`;
    expect(parse(head + bomb).fault?.message).toBe('not valid YAML: the document contains excessive aliasing');
  });

  it('never throws, and knows each line it tells', () => {
    fc.assert(
      fc.property(yamlText, ({ text }) => {
        const { file, fault } = parse(text);
        expect(file === undefined).toBe(fault !== undefined);
        const lines = text.split(/\r?\n/);
        for (const [path, { place }] of resolved(file).values) {
          expect(lines[place.line - 1]).toContain(path.split('.').at(-1));
        }
        for (const { key, line } of file?.ignored ?? []) expect(lines[line - 1]).toContain(key.split('.').at(-1));
      }),
      { numRuns: 250 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => Object.keys(parse(head + text)).length === 1),
      { numRuns: 400 },
    );
  });
});
