/** Our own drop-in for a unit: the one file that changes a command line which other files own. */
import type { Spanned } from '../facts/spanned.js';
import { parseUnitFile } from '../facts/unit-file.js';

/** Sorts behind every usual name, so that its ExecStart= is the last one. */
export const dropInName = 'zz-kubelatch.conf';

export interface DropIn {
  readonly execStart?: string | undefined;
  /** `NAME=value` of each variable that is set anew. */
  readonly environment: readonly string[];
}

/** What a drop-in of ours says; of a file that is absent, nothing. */
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
    '# Written by kubelatch. `kubelatch rollback` puts back what was there before.',
    '[Service]',
    ...environment.map((one) => `Environment="${one.replace(/["\\]/g, '\\$&')}"`),
    ...(execStart === undefined ? [] : ['ExecStart=', `ExecStart=${execStart}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Offsets in a joined value of a word that is known by its offsets in the file. */
export function extentIn(
  value: Spanned,
  word: { readonly start: number; readonly end: number },
): { start: number; end: number } {
  const start = value.at.indexOf(word.start);
  const last = value.at.lastIndexOf(word.end - 1);
  return { start, end: last + 1 };
}
