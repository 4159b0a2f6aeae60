/** Reads a YAML mapping as Kubernetes programs do. Each value records its line. Never throws. */
import { type GoFault, type GoValue, readGoYaml } from '../lib/go-yaml.js';
import { type Branch, type Place, type Tree, plainValue } from './config-tree.js';
import type { Value } from './value.js';

/** A key that is repeated further down in its mapping. */
export interface RepeatedKey {
  readonly path: readonly string[];
  readonly line: number;
  readonly value: Value;
}

export interface YamlTree {
  readonly root: Branch;
  readonly repeated: readonly RepeatedKey[];
}

/** The first document of a text. `undefined` if there is none. */
export function readYamlTree(
  path: string,
  text: string,
): { readonly tree: YamlTree } | { readonly fault: GoFault } | undefined {
  const document = readGoYaml(text);
  if ('fault' in document) return document;
  const { root } = document;
  if (root === undefined || root.kind === 'nothing') return undefined;
  if (root.kind !== 'mapping') return { fault: { line: root.line, message: 'the top level is not a mapping' } };
  const repeated: RepeatedKey[] = [];
  return {
    tree: { root: branchOfPairs(root, { file: path, place: { path, line: 1 }, keys: [], repeated }), repeated },
  };
}

/** The position of a value in the document. */
interface Context {
  readonly file: string;
  readonly place: Place;
  readonly keys: readonly string[];
  readonly repeated: RepeatedKey[];
}

function treeOfValue(value: GoValue, context: Context): Tree {
  if (value.kind === 'mapping') return branchOfPairs(value, context);
  return { kind: 'leaf', value: dataOf(value, context), place: context.place };
}

function dataOf(value: GoValue, context: Context): Value {
  switch (value.kind) {
    case 'nothing':
      return null;
    case 'text':
      return value.text;
    case 'value':
      return value.text === 'true' || value.text === 'false' ? value.text === 'true' : numberOf(value.text);
    case 'list':
      return value.items.map((item) => plainValue(treeOfValue(item, context)));
    case 'mapping':
      return plainValue(branchOfPairs(value, context));
  }
}

const numberOf = (text: string): number => Number(text.replace('Inf', 'Infinity'));

/** In file order: with go-yaml v2 a merge replaces the keys above it, and keys below it replace the merged ones. */
function branchOfPairs(mapping: GoValue, context: Context): Branch {
  const { file, place, keys, repeated } = context;
  const entries = new Map<string, Tree>();
  const own = new Map<string, Tree>();
  let merged = 0;
  const merge = (after: number): void => {
    for (let one = mapping.merges[merged]; one?.after === after; one = mapping.merges[merged]) {
      merged += 1;
      for (const [name, tree] of mergedEntries(one.value, context)) entries.set(name, tree);
    }
  };
  mapping.pairs.forEach(({ key, value }, index) => {
    if (mapping.merges.length > 0) merge(index);
    const path = [...keys, key.text];
    const earlier = own.get(key.text);
    if (earlier !== undefined) repeated.push({ path, line: earlier.place.line, value: plainValue(earlier) });
    const tree = treeOfValue(value, { file, place: { path: file, line: key.line }, keys: path, repeated });
    own.set(key.text, tree);
    entries.set(key.text, tree);
  });
  merge(mapping.pairs.length);
  return { kind: 'branch', entries, place };
}

/** If several maps are merged, the first one wins. */
function mergedEntries(value: GoValue, context: Context): ReadonlyMap<string, Tree> {
  const maps = value.kind === 'list' ? value.items : [value];
  return new Map(maps.toReversed().flatMap((one) => [...branchOfPairs(one, context).entries]));
}
