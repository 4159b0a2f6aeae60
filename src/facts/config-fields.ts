/** Decodes a configuration as the kubelet does: each field's value with its place, wrong types, and unknown keys. */
import { byBytes } from '../lib/lists.js';
import { type Field, fields } from './kubelet-fields.js';
import { typeProblem } from './field-type.js';
import { type Value, isRecord } from './value.js';
import { type Branch, type Removed, type Place, type Tree, isNull, noPlace, plainValue } from './config-tree.js';

export interface Found {
  /** Null if a later file removed it, so that the default applies. */
  readonly value: Value;
  readonly place: Place;
}

export interface FieldValue extends Found {
  /** Values set elsewhere that this one overrides; the one with the highest precedence first. */
  readonly hidden: readonly Found[];
  /** For mappings: where each entry is written. */
  readonly entries?: ReadonlyMap<string, Place> | undefined;
  /** The key as written, if it differs from the field's name. */
  readonly writtenAs?: string | undefined;
}

export interface UnknownKey {
  /** The key with its parents. */
  readonly path: readonly string[];
  readonly place: Place;
  readonly value: Value;
  /** The minor version that added this field, if the kubelet is older. */
  readonly since?: number | undefined;
}

export interface TypeFault {
  readonly place: Place;
  readonly message: string;
}

export interface DecodedFields {
  readonly values: ReadonlyMap<string, FieldValue>;
  readonly typeFaults: readonly TypeFault[];
  readonly unknown: readonly UnknownKey[];
}

interface Level {
  readonly field: Field | undefined;
  readonly children: Map<string, Level>;
  /** Lower-case name to field name. */
  readonly folded: Map<string, string>;
}

const level = (field?: Field): Level => ({ field, children: new Map(), folded: new Map() });

/** All fields as a tree. The fields of list items hang below the list's field. */
const top = level();
for (const field of fields) {
  const names = field.path.replaceAll('[]', '').split('.');
  const parent = names.slice(0, -1).reduce((at, name) => childOf(at, name, undefined), top);
  childOf(parent, names.at(-1) ?? '', field);
}
for (const name of ['apiVersion', 'kind', 'metadata']) childOf(top, name, undefined);

function childOf(parent: Level, name: string, field: Field | undefined): Level {
  const known = parent.children.get(name);
  if (known !== undefined) return known;
  const child = level(field);
  parent.children.set(name, child);
  parent.folded.set(name.toLowerCase(), name);
  return child;
}

/** Names of the fields at a level, used to suggest a correction for a misspelled key. */
export function namesBelow(path: readonly string[]): readonly string[] {
  let at: Level | undefined = top;
  for (const name of path) at = at?.children.get(name);
  return at === undefined ? [] : [...at.children.keys()];
}

export interface DecodeOptions {
  /** Match names in any case, as the kubelet does after it merged drop-ins. */
  readonly anyCase: boolean;
  /** The kubelet's minor version. Undefined: accept the fields of every version. */
  readonly minor?: number | undefined;
}

export function decodeFields(root: Branch, options: DecodeOptions): DecodedFields {
  const decoder = new Decoder(options);
  decoder.branch(root, top, []);
  return decoder;
}

class Decoder implements DecodedFields {
  readonly values = new Map<string, FieldValue>();
  readonly typeFaults: TypeFault[] = [];
  readonly unknown: UnknownKey[] = [];

  private readonly options: DecodeOptions;

  constructor(options: DecodeOptions) {
    this.options = options;
  }

  /** Go decodes keys one after the other. If several name the same field, the last one in byte order wins. */
  branch(tree: Branch, at: Level, path: readonly string[]): void {
    const keys = this.options.anyCase ? [...tree.entries.keys()].sort(byBytes) : tree.entries.keys();
    for (const key of keys) {
      const one = tree.entries.get(key);
      if (one === undefined) continue;
      const name = at.children.has(key) ? key : this.options.anyCase ? at.folded.get(key.toLowerCase()) : undefined;
      const child = name === undefined ? undefined : at.children.get(name);
      const since = child?.field?.since;
      const isNewer = since !== undefined && this.options.minor !== undefined && since > this.options.minor;
      if (isNewer && one.place === noPlace) continue;
      if (name === undefined || child === undefined || isNewer) {
        this.unknown.push({
          path: [...path, key],
          place: one.place,
          value: plainValue(one),
          ...(isNewer ? { since } : {}),
        });
      } else {
        this.entry(one, child, [...path, name], name === key ? undefined : [...path, key].join('.'));
      }
    }
  }

  private entry(tree: Tree, at: Level, path: readonly string[], writtenAs: string | undefined): void {
    if (at.field !== undefined) {
      this.field(tree, at.field, writtenAs);
    } else if (at.children.size > 0) {
      this.group(tree, at, path);
    }
  }

  /** A field whose value is a mapping of fields. */
  private group(tree: Tree, at: Level, path: readonly string[]): void {
    if (tree.kind === 'branch') {
      this.branch(tree, at, path);
    } else if (tree.kind === 'gone') {
      this.removed(tree, at, path);
    } else if (tree.value !== null) {
      this.typeFaults.push(typeFault(path.join('.'), tree.value, 'a mapping', tree.place));
    }
  }

  private removed({ before, place }: Removed, at: Level, path: readonly string[]): void {
    const older = new Decoder(this.options);
    older.group(before, at, path);
    for (const [name, { value, place: stood, hidden }] of older.values) {
      const own = stood === noPlace ? [] : [{ value, place: stood }];
      this.values.set(name, { value: null, place, hidden: [...own, ...hidden] });
    }
  }

  private field(tree: Tree, field: Field, writtenAs: string | undefined): void {
    const earlier = this.values.get(field.path);
    const hidden = [...historyOf(tree), ...(earlier === undefined ? [] : [earlier, ...earlier.hidden])].filter(
      ({ place }) => place !== noPlace,
    );
    if (tree.kind === 'gone') {
      this.values.set(field.path, { value: null, place: tree.place, hidden });
      return;
    }
    const value = withoutNull(field, plainValue(tree));
    const wanted = value === null ? nullProblem(field) : (treeProblem(field, tree, value) ?? itemProblem(field, value));
    if (wanted !== undefined) this.typeFaults.push(typeFault(field.path, value, wanted, tree.place));
    const entries =
      tree.kind === 'branch' ? new Map([...tree.entries].map(([key, one]) => [key, one.place])) : undefined;
    this.values.set(field.path, { value, place: tree.place, hidden, entries, writtenAs });
  }
}

/** The values that a tree replaced, newest first. Replaced entries of merged mappings are listed one by one. */
function historyOf(tree: Tree): Found[] {
  const found: Found[] = [];
  for (let one = tree.before; one !== undefined; one = one.before) {
    if (one.kind !== 'gone') found.push({ value: plainValue(one), place: one.place });
  }
  if (tree.kind !== 'branch') return found;
  const ofEntries = [...tree.entries].flatMap(([key, one]) =>
    historyOf(one).map(({ value, place }) => ({ value: { [key]: value }, place })),
  );
  return [...ofEntries, ...found];
}

/** The kubelet reads null in a list of strings as an empty string. */
const withoutNull = ({ type }: Field, value: Value): Value =>
  type === 'strings' && Array.isArray(value) ? value.map((one: Value) => one ?? '') : value;

const isWhole = /^u?int\d/;
const treeProblem = ({ type }: Field, tree: Tree, value: Value): string | undefined =>
  tree.kind === 'leaf' && tree.inexact === true && isWhole.test(type)
    ? 'a whole number without a decimal point or exponent'
    : typeProblem(type, value);

/** A duration field that is not a pointer reads null as an empty string, which is not a duration. */
const nullProblem = ({ type, pointer }: Field): string | undefined =>
  type === 'duration' && !pointer ? 'a duration such as "30s" or "0"' : undefined;

/** The type problem of an item in a list of mappings. */
function itemProblem(field: Field, value: Value): string | undefined {
  if (field.type !== 'objects' || !Array.isArray(value)) return undefined;
  const children = fields.filter(({ path }) => path.startsWith(`${field.path}[].`));
  for (const item of value as readonly Value[]) {
    for (const child of children) {
      const name = child.path.slice(field.path.length + 3);
      const one = isRecord(item) && Object.hasOwn(item, name) ? item[name] : undefined;
      const wanted = one === undefined || one === null ? undefined : typeProblem(child.type, one);
      if (wanted !== undefined) return `a list whose ${name} is ${wanted}`;
    }
  }
  return undefined;
}

function typeFault(path: string, value: Value, wanted: string, place: Place): TypeFault {
  return { place, message: `${path} is ${shortValue(value)}, not ${wanted}; the kubelet rejects the file` };
}

/** As JSON, cut to a readable length. */
export function shortValue(value: Value): string {
  const text = JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

/** The kubelet reads null in a mapping of values as the zero value of their type. */
function withZeros(map: Branch, { type }: Field): Branch {
  const zero = type === 'gates' ? false : type === 'lists' ? [] : type === 'quantities' ? '0' : '';
  const entries = [...map.entries].map(([key, one]): [string, Tree] => [
    key,
    isNull(one) ? { ...one, value: zero } : one,
  ]);
  return { ...map, entries: new Map(entries) };
}

/** A --config file as the kubelet keeps it: only known fields under their exact names, without nulls. */
export function knownFields(root: Branch): Branch {
  const known = (tree: Branch, at: Level): Branch => ({
    ...tree,
    entries: new Map(
      [...tree.entries].flatMap(([key, one]): [string, Tree][] => {
        const child = at.children.get(key);
        if (child === undefined || isNull(one)) return [];
        if (one.kind !== 'branch') return [[key, one]];
        return [[key, child.field === undefined ? known(one, child) : withZeros(one, child.field)]];
      }),
    ),
  });
  return known(root, top);
}
