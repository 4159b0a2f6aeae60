/** The shell programs that run on a node, read once from the files beside this one. */
import { shippedText } from '../lib/shipped-file.js';

export type ScriptName =
  | 'probe'
  | 'txn'
  | 'watch'
  | 'hashes'
  | 'http'
  | 'kubectl'
  | 'lifeline'
  | 'login'
  | 'serving'
  | 'filter'
  | 'network'
  | 'connections'
  | 'pod-probe';

/** Programs in several files: the last one ends with the line that runs it. */
const parts: Readonly<Partial<Record<ScriptName, readonly string[]>>> = {
  probe: [
    'base',
    'places',
    'processes',
    'packet-filter',
    'probe-words',
    'probe-files',
    'probe-batch',
    'probe-send',
    'probe-folders',
    'probe-units',
    'probe',
  ],
  connections: ['base', 'connections'],
  watch: ['base', 'places', 'processes', 'watch'],
  serving: ['base', 'places', 'serving'],
  filter: ['places', 'packet-filter', 'filter'],
  txn: [
    'base',
    'places',
    'processes',
    'txn-safety',
    'txn-files',
    'txn-stage',
    'txn-state',
    'txn-switch',
    'txn-undo',
    'txn',
  ],
};
const loaded = new Map<ScriptName, string>();

/** The text of one script, ended by the line that runs it: a cut transmission runs nothing. */
export function script(name: ScriptName): string {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const read = (file: string): string => shippedText(`node/${file}.sh`);
  // Its name goes first: programs may begin with the same part.
  const text = [`# kubelatch: ${name}\n`, ...(parts[name] ?? [name]).map(read)].join('\n');
  loaded.set(name, text);
  return text;
}
