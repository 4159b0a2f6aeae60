/** What `persist` did or would do, as text: diffs, new files, commands, and what speaks for and against each place. */
import { manyLines } from '../lib/sanitize.js';
import { redact } from '../lib/redact.js';
import { type ResultCode, worstOf } from './exit-code.js';
import { hostList } from './host-list.js';
import { type TextOptions, count, paragraph, sectionsText } from './layout.js';
import type { PersistChange, PersistResult } from './persist-model.js';
import { diffLines } from './plan-text.js';
import { line } from './words.js';

/** Ends with a line feed. */
export function persistText(result: PersistResult, options: TextOptions): string {
  const { style, width } = options;
  const { changes, warnings, notes, notJudged, places, commands, to } = result;
  const sections = [
    ...changes.map((change) => changeLines(change, options)),
    warnings.flatMap((one) => paragraph('! warning: ', line(one, 600), width).map(style.red)),
    placeLines(places, to === undefined, options),
    commands.map((one) => line(one)),
    [
      ...notes.flatMap((one) => paragraph('note: ', line(one, 600), width)),
      ...(notJudged.length === 0 ? [] : paragraph('not read: ', hostList(notJudged), width)).map(style.yellow),
    ],
    paragraph('', summary(result), width).map(style.bold),
  ];
  return sectionsText(sections);
}

function changeLines(change: PersistChange, { style, width }: TextOptions): string[] {
  const { target, outcome, reason, hint, settings, leftOut, diff, text } = change;
  const isBad = outcome === 'refused' || outcome === 'failed';
  const what = isBad ? `${outcome}: ${line(reason ?? '', 600)}` : words[outcome](settings.length);
  return [
    ...paragraph(isBad ? '! ' : '', `${line(target)}: ${what}`, width).map(isBad ? style.red : style.bold),
    ...(hint === undefined ? [] : paragraph('    hint: ', line(hint, 600), width)),
    ...leftOut.flatMap((one) =>
      paragraph('  left out: ', line(`${one.setting} (${one.rule}): ${one.reason}`, 600), width).map(style.yellow),
    ),
    ...(diff === '' ? [] : diffLines(diff, style)),
    ...(text === undefined ? [] : redact(manyLines(text, Infinity)).trimEnd().split('\n')),
  ];
}

const words: Readonly<Record<Exclude<PersistChange['outcome'], 'refused' | 'failed'>, (settings: number) => string>> = {
  written: (settings) => `${count(settings, 'setting')} written`,
  unchanged: () => 'nothing to change',
  pending: (settings) => `${count(settings, 'setting')} would be written`,
  shown: (settings) => count(settings, 'setting'),
};

function placeLines(places: PersistResult['places'], isChoice: boolean, { style, width }: TextOptions): string[] {
  return places.flatMap(({ to, title, pros, cons }) => [
    ...paragraph('', isChoice ? `--to ${to}: ${title}` : title, width).map(style.bold),
    ...pros.flatMap((one) => paragraph('  + ', line(one), width)),
    ...cons.flatMap((one) => paragraph('  - ', line(one), width)),
  ]);
}

function summary({ changes, to }: PersistResult): string {
  const outcomes = (['written', 'shown', 'pending', 'unchanged', 'refused', 'failed'] as const).flatMap((outcome) => {
    const number = changes.filter((one) => one.outcome === outcome).length;
    return number === 0 ? [] : [`${number} ${outcome}`];
  });
  if (outcomes.length === 0) return 'Persist: nothing to keep';
  return `Persist: ${outcomes.join(', ')}${to === undefined ? '; choose a place with --to' : ''}`;
}

/** 1 where a change was refused or failed, 3 where hosts were not read. */
export const persistCode = ({ changes, notJudged }: PersistResult): ResultCode =>
  worstOf([
    ...changes.map(({ outcome }): ResultCode => (outcome === 'refused' || outcome === 'failed' ? 1 : 0)),
    notJudged.length === 0 ? 0 : 3,
  ]);
