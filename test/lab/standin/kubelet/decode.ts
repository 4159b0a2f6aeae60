// Reads KubeletConfiguration documents as the kubelet does: YAML 1.1, strict and then lenient, with Go's type errors.
import { isMap, parseAllDocuments, visit, type Document } from 'yaml';
import { formatDuration, parseDuration } from '../go-duration.js';
import { at, isObject, put, text, type Json, type JsonObject } from '../json.js';
import { fields, type Field } from './fields.js';

export interface Decoded {
  readonly raw: JsonObject;
  readonly config: JsonObject;
  /** What strict decoding holds against it; empty when nothing. */
  readonly strictErrors: readonly string[];
}

const groupVersion = 'kubelet.config.k8s.io/v1beta1';

function duplicateKeys(document: Document.Parsed): string[] {
  const found: string[] = [];
  visit(document, {
    Map(_key, node) {
      if (!isMap(node)) return;
      const names = node.items.map((item) => String(item.key));
      for (const name of new Set(names.filter((other, index) => names.indexOf(other) !== index))) {
        found.push(`key ${JSON.stringify(name)} already set in map`);
      }
    },
  });
  return found;
}

function readYaml(source: string): { raw: Json; duplicates: string[] } {
  const [document] = parseAllDocuments(source, { version: '1.1', uniqueKeys: false, merge: true, logLevel: 'error' });
  if (document === undefined || !('errors' in document)) return { raw: null, duplicates: [] };
  const [problem] = document.errors;
  if (problem) throw new Error(`yaml: ${problem.message.split('\n')[0] ?? ''}`);
  return {
    raw: document.toJS({ maxAliasCount: 100 }) as Json,
    duplicates: duplicateKeys(document),
  };
}

function goType(value: Json): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value;
}

const goNames: Readonly<Record<Field['kind'], string>> = {
  bool: 'bool',
  int: 'int32',
  float: 'float64',
  str: 'string',
  dur: 'string',
  list: '[]string',
  map: 'map[string]string',
  any: 'struct',
};

function mismatch(field: Field, value: Json): Error {
  const where = `KubeletConfiguration.${field.path.join('.')}`;
  return new Error(
    `json: cannot unmarshal ${goType(value)} into Go struct field ${where} of type ${goNames[field.kind]}`,
  );
}

function mapValue(field: Field, value: Json): Json {
  if (!isObject(value)) throw mismatch(field, value);
  const wanted = field.path[0] === 'featureGates' ? 'boolean' : 'string';
  for (const item of Object.values(value)) if (typeof item !== wanted) throw mismatch(field, item);
  return value;
}

/** One value as its field's type takes it; throws Go's error otherwise. */
function typed(field: Field, value: Json): Json {
  switch (field.kind) {
    case 'bool':
      if (typeof value !== 'boolean') throw mismatch(field, value);
      return value;
    case 'int':
      if (typeof value !== 'number' || !Number.isInteger(value)) throw mismatch(field, value);
      return value;
    case 'float':
      if (typeof value !== 'number') throw mismatch(field, value);
      return value;
    case 'str':
      if (typeof value !== 'string') throw mismatch(field, value);
      return value;
    case 'dur': {
      if (typeof value !== 'string') throw mismatch(field, value);
      const parsed = parseDuration(value);
      if (parsed === undefined) throw new Error(`time: invalid duration ${JSON.stringify(value)}`);
      return formatDuration(parsed);
    }
    case 'list':
      if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) throw mismatch(field, value);
      return value;
    case 'map':
      return mapValue(field, value);
    case 'any':
      return value;
  }
}

const groups = new Set(
  fields.flatMap((field) => field.path.slice(0, -1).map((_, i) => field.path.slice(0, i + 1).join('.'))),
);

function unknownKeys(raw: JsonObject, prefix: readonly string[] = []): string[] {
  return Object.entries(raw).flatMap(([key, value]) => {
    const path = [...prefix, key].join('.');
    if (prefix.length === 0 && (key === 'apiVersion' || key === 'kind')) return [];
    if (groups.has(path)) {
      if (value === null) return [];
      if (!isObject(value))
        throw new Error(
          `json: cannot unmarshal ${goType(value)} into Go struct field KubeletConfiguration.${path} of type struct`,
        );
      return unknownKeys(value, [...prefix, key]);
    }
    return fields.some((field) => field.path.join('.') === path) ? [] : [`unknown field ${JSON.stringify(path)}`];
  });
}

/** The known fields of a raw document with their types checked; null stays unset. */
export function pickFields(raw: JsonObject): JsonObject {
  const config: JsonObject = {};
  for (const field of fields) {
    const value = at(raw, ...field.path);
    if (value !== undefined && value !== null) put(config, field.path, typed(field, value));
  }
  return config;
}

function checkKind(raw: Json): JsonObject {
  if (!isObject(raw))
    throw new Error("couldn't get version/kind; json parse error: json: cannot unmarshal " + goType(raw));
  const kind = text(raw['kind']);
  const version = text(raw['apiVersion']);
  if (kind === '') throw new Error(`Object 'Kind' is missing in '${JSON.stringify(raw).slice(0, 80)}'`);
  if (version === '') throw new Error(`Object 'apiVersion' is missing in '${JSON.stringify(raw).slice(0, 80)}'`);
  if (version !== groupVersion || kind !== 'KubeletConfiguration') {
    throw new Error(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(version)} in scheme "pkg/kubelet/apis/config/scheme/scheme.go:33"`,
    );
  }
  return raw;
}

export function decodeConfigFile(source: string): Decoded {
  const { raw, duplicates } = readYaml(source);
  const document = checkKind(raw);
  const strictErrors = [...duplicates, ...unknownKeys(document)];
  return { raw: document, config: pickFields(document), strictErrors };
}

/** A drop-in has no lenient second try for duplicate keys; unknown ones are dropped silently. */
export function decodeDropIn(source: string): JsonObject {
  const { raw, duplicates } = readYaml(source);
  const document = checkKind(raw);
  if (duplicates.length > 0)
    throw new Error(`error converting YAML to JSON: yaml: unmarshal errors: ${duplicates.join(', ')}`);
  return document;
}

/** Go's json.Unmarshal matches names without regard to case; of several spellings the last in sorted order wins. */
export function foldCase(raw: JsonObject, prefix: readonly string[] = []): JsonObject {
  const result: JsonObject = {};
  for (const key of Object.keys(raw).sort()) {
    const value = raw[key] ?? null;
    const names = fields
      .filter((field) => prefix.every((part, i) => field.path[i] === part))
      .map((field) => field.path[prefix.length]);
    const name = names.find((candidate) => candidate?.toLowerCase() === key.toLowerCase()) ?? key;
    const path = [...prefix, name];
    if (groups.has(path.join('.')) && isObject(value)) {
      result[name] = { ...(isObject(result[name]) ? result[name] : {}), ...foldCase(value, path) };
    } else if (value !== null) result[name] = value;
  }
  return result;
}
