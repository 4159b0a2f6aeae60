/** What the probe reports of many files at once is what it reports of each alone, whoever may change them and whatever leads to them. */
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import { parseFacts } from '../../src/facts/parse.js';
import { script } from '../../src/node/scripts.js';
import { isRoot } from './node-shell.js';
import { runScript, shells } from './shells.js';

const cap = 4096;
const together = script('probe');
const alone = together.replace('if ! describe_batch ', 'if ! false ').replace('|| list_at_once ||', '|| false ||');

const folders = ['safe', 'safe/deep', 'shared', 'shared/deep', 'theirs', 'linked', 'blank folder'] as const;
const texts = {
  plain: 'plain: true\n',
  unended: 'no newline at the end',
  empty: '',
  bytes: '\u0000\u0001ÿ\n',
  key: '-----BEGIN EC PRIVATE KEY-----\nx\n',
  account: 'root:$6$salt$hash:19000:0:99999:7:::\n',
  large: 'x'.repeat(cap + 1),
  config: 'clientCAFile: ROOT/safe/named.crt\nkubeconfig: ROOT/shared/named.conf\n',
} as const;
const file = fc.record({
  folder: fc.constantFrom(...folders),
  name: fc.constantFrom('a', 'b', 'c', 'named.crt', 'named.conf', 'ünï', "it's", '-n'),
  kind: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...(Object.keys(texts) as (keyof typeof texts)[])) },
    { weight: 2, arbitrary: fc.constantFrom('link', 'chain', 'hard link', 'nowhere', 'folder', 'device') },
  ),
  to: fc.constantFrom(...folders),
  mode: fc.constantFrom(0o600, 0o644, 0o664, 0o666, 0o4755),
  owner: fc.constantFrom(0, 0, 0, 12_345),
});
type File = typeof file extends fc.Arbitrary<infer T> ? T : never;

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'probe-batch-')));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function makeTree(files: readonly File[]): string[] {
  rmSync(root, { recursive: true });
  for (const folder of folders.filter((name) => name !== 'linked')) mkdirSync(join(root, folder), { recursive: true });
  chmodSync(join(root, 'shared'), 0o777);
  if (isRoot) chownSync(join(root, 'theirs'), 12_345, 12_345);
  symlinkSync('safe', join(root, 'linked'));
  return files.map((one) => {
    const path = join(root, one.folder, one.name);
    try {
      make(path, one);
    } catch (error) {
      // One of that name is there already.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    return path;
  });
}

function make(path: string, { kind, to, name, mode, owner }: File): void {
  const target = join(root, to, name);
  if (kind === 'link') symlinkSync(target, path);
  else if (kind === 'chain') {
    symlinkSync(target, `${path}.1`);
    symlinkSync(`${path}.1`, path);
  } else if (kind === 'nowhere') symlinkSync(join(root, 'nowhere', name), path);
  else if (kind === 'folder') mkdirSync(path);
  else if (kind === 'device') symlinkSync('/dev/null', path);
  else if (kind === 'hard link') {
    writeFileSync(`${path}.0`, 'linked\n');
    linkSync(`${path}.0`, path);
  } else {
    writeFileSync(path, texts[kind].replaceAll('ROOT', root), { flag: 'wx' });
    chmodSync(path, mode);
    if (isRoot) chownSync(path, owner, owner);
  }
}

describe.each(shells)('under $name', (shell) => {
  const probe = (text: string, read: readonly string[], lists: readonly string[]): NodeFacts => {
    const paths = read.filter((path) => !/\s/.test(path)).join(' ');
    const references = ['config clientCAFile', 'kubeconfig'];
    const args = ['', '', paths, `${root}/safe/a ${root}/linked`, lists.join(' '), ...references, '', '', ''];
    const env = { PLACE_TOP: root, PLACE_UNITS: root };
    const { code, stdout, stderr } = runScript(shell, text, [...args, String(cap), join(root, 'theirs')], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const facts = parseFacts(stdout);
    if (!facts.ok) throw new Error(facts.error);
    return facts.value;
  };

  it('gives the same files', () => {
    expect(alone).not.toBe(together);
    fc.assert(
      fc.property(fc.array(file, { maxLength: 14 }), fc.boolean(), (files, listed) => {
        const paths = makeTree(files);
        const lists = listed ? [join(root, 'safe'), join(root, 'linked'), join(root, 'shared/deep')] : [];
        const [one, other] = [together, alone].map(
          (text) => probe(text, [...paths, ...paths, `${root}/safe`], lists).files,
        );
        const sorted = (of: NodeFacts['files'] | undefined): unknown[] =>
          [...(of ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(sorted(one)).toEqual(sorted(other));
        const sent = [...(one ?? [])].map(([, fact]) => ('content' in fact ? String(fact.content) : '')).join('');
        expect(sent).not.toMatch(/PRIVATE KEY|[$]6[$]/);
      }),
      { numRuns: 20 },
    );
  });
});
