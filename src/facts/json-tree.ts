/** A --config file in JSON, read by JSON's own rules as the kubelet does. Each value records its line. Never throws. */
import { type Branch, type Place, type Tree, plainValue } from './config-tree.js';
import type { Value } from './value.js';
import type { RepeatedKey, YamlTree } from './yaml-tree.js';

/** apimachinery reads a file that begins with a brace as JSON. */
export const looksLikeJson = (text: string): boolean => /^[\t\n\v\f\r \u0085\u00a0]*\{/.test(text);

/** Nesting limit of this reader. Go allows ten thousand levels. */
const deepest = 100;

export function readJsonTree(
  path: string,
  text: string,
): { readonly tree: YamlTree } | { readonly fault: { readonly line: number | undefined; readonly message: string } } {
  try {
    JSON.parse(text);
    const reader = new JsonReader(path, text);
    return { tree: { root: reader.branch([], { path, line: 1 }), repeated: reader.repeated } };
  } catch (error) {
    const at = /position (\d+)/.exec(String(error))?.[1];
    const line = at === undefined ? undefined : text.slice(0, Number(at)).split('\n').length;
    return { fault: { line, message: 'not valid JSON; the kubelet reads a file that begins with { as JSON' } };
  }
}

interface Token {
  readonly text: string;
  readonly line: number;
}

/** For a text that JSON.parse accepted and whose value is a mapping. */
class JsonReader {
  readonly repeated: RepeatedKey[] = [];

  private readonly path: string;
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(path: string, text: string) {
    this.path = path;
    this.tokens = tokensOf(text);
  }

  branch(keys: readonly string[], place: Place): Branch {
    if (keys.length > deepest) throw new Error('the values are nested too deeply');
    const entries = new Map<string, Tree>();
    this.at += 1;
    while (this.head !== '}') {
      const line = this.tokens[this.at]?.line ?? 1;
      const key = JSON.parse(this.head) as string;
      this.at += 2;
      const path = [...keys, key];
      const earlier = entries.get(key);
      if (earlier !== undefined) this.repeated.push({ path, line: earlier.place.line, value: plainValue(earlier) });
      entries.set(key, this.tree(path, { path: this.path, line }));
      if (this.head === ',') this.at += 1;
    }
    this.at += 1;
    return { kind: 'branch', entries, place };
  }

  private get head(): string {
    return this.tokens[this.at]?.text ?? '';
  }

  private tree(keys: readonly string[], place: Place): Tree {
    if (this.head === '{') return this.branch(keys, place);
    if (this.head === '[') return { kind: 'leaf', value: this.list(keys, place), place };
    const word = this.head;
    const value = JSON.parse(word) as Value;
    this.at += 1;
    const inexact = typeof value === 'number' && /[.eE]/.test(word);
    return { kind: 'leaf', value, place, ...(inexact ? { inexact } : {}) };
  }

  private list(keys: readonly string[], place: Place): Value {
    const items: Value[] = [];
    if (keys.length > deepest) throw new Error('the values are nested too deeply');
    this.at += 1;
    while (this.head !== ']') {
      items.push(plainValue(this.tree([...keys, String(items.length)], place)));
      if (this.head === ',') this.at += 1;
    }
    this.at += 1;
    return items;
  }
}

function tokensOf(text: string): Token[] {
  let line = 1;
  let counted = 0;
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g)].map(({ 0: word, index }) => {
    for (; counted < index; counted += 1) if (text[counted] === '\n') line += 1;
    return { text: word, line };
  });
}
