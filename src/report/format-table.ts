/** Which -o format fits which kind of result: the only table of it. Light, since the help is made from it. */
import type { ResultKind } from './schema.js';

/** In the order of the help. */
export const formatNames = [
  ...(['table', 'wide', 'json', 'ndjson'] as const),
  ...(['csv', 'markdown', 'html', 'junit', 'sarif', 'oscal', 'cklb', 'openmetrics'] as const),
];
export type Format = (typeof formatNames)[number];

/** Of every result. */
const baseFormats = ['table', 'wide', 'json', 'ndjson'] as const satisfies readonly Format[];

const more: Readonly<Record<ResultKind, readonly Format[]>> = {
  audit: ['csv', 'markdown', 'html', 'junit', 'sarif', 'oscal', 'cklb', 'openmetrics'],
  verify: ['csv', 'markdown', 'html', 'junit', 'sarif'],
  plan: ['csv', 'markdown', 'html'],
  apply: ['csv', 'markdown', 'html', 'junit'],
  rollback: ['csv', 'markdown', 'html', 'junit'],
  resume: ['csv', 'markdown', 'html', 'junit'],
  run: ['csv', 'markdown', 'html'],
  runs: ['csv', 'markdown'],
  uninstall: ['csv', 'markdown', 'junit'],
  inventory: ['csv', 'markdown'],
  'inventory-check': ['csv', 'markdown', 'junit'],
  backups: ['csv', 'markdown'],
  'csr-list': ['csv', 'markdown'],
  'csr-approve': ['csv', 'markdown'],
  'csr-watch': ['csv', 'markdown'],
  netpol: [],
  persist: [],
  rule: [],
  rules: ['csv', 'markdown'],
};

/** The formats that fit every one of these kinds, in the order of the help. */
export const formatsFor = (...kinds: readonly ResultKind[]): readonly Format[] =>
  formatNames.filter((one) => isBase(one) || kinds.every((kind) => more[kind].includes(one)));

const isBase = (format: Format): boolean => baseFormats.some((one) => one === format);

/** A format that programs read, where a screen's words would be out of place. */
export const isData = (format: Format): boolean => format !== 'table' && format !== 'wide';

/** A document of sections, which can hold results of several kinds. */
export const isSectioned = (format: Format): boolean => !isData(format) || format === 'markdown' || format === 'html';
