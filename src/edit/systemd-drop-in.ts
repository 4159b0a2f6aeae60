/** kubelatch's own drop-in for a unit, which changes a command line without editing the files that define it. */
import type { Spanned } from '../facts/spanned.js';
import { parseUnitFile } from '../facts/unit-file.js';

/** Sorts after every usual name, so that its ExecStart= comes last. */
export const dropInName = 'zz-kubelatch.conf';

export interface DropIn {
  readonly execStart?: string | undefined;
  /** `NAME=value` of each overridden variable. */
  readonly environment: readonly string[];
}

/** The content of kubelatch's drop-in. Empty if the file does not exist. */
export function readDropIn(text: string | undefined): DropIn {
  const directives = parseUnitFile(text ?? '');
  const execStart = directives.findLast((one) => one.key === 'ExecStart')?.value.text;
  const environment = directives
    .filter((one) => one.key === 'Environment')
    .map((one) => one.value.text.replace(/^"(.*)"$/, '$1').replace(/\\(["\\])/g, '$1'));
  return { execStart: execStart === '' ? undefined : execStart, environment };
}

export function writeDropIn({ execStart, environment }: DropIn): string {
  const lines = [
    '# Written by kubelatch. While this node has its backups, `kubelatch rollback` restores the previous state.',
    '[Service]',
    ...environment.map((one) => `Environment="${one.replace(/["\\]/g, '\\$&')}"`),
    ...(execStart === undefined ? [] : ['ExecStart=', `ExecStart=${execStart}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Converts a word's offsets in the file to offsets in the joined value. */
export function extentIn(
  value: Spanned,
  word: { readonly start: number; readonly end: number },
): { start: number; end: number } {
  const start = value.at.indexOf(word.start);
  const last = value.at.lastIndexOf(word.end - 1);
  return { start, end: last + 1 };
}
