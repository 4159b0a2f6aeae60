/** How questions look: our colours and marks, and lines that break between words. */
import { oneLine } from '../lib/sanitize.js';
import { wrap } from '../report/layout.js';
import type { Style } from '../report/style.js';
import type { Choice } from './prompt.js';

/** Names and descriptions break between words; inquirer would break them anywhere. */
export const safeChoices = <T>(choices: readonly Choice<T>[], columns: number): readonly Choice<T>[] =>
  choices.map((choice) => ({
    ...choice,
    name: wrap(oneLine(choice.name), columns - markWidth - 1).join(`\n${' '.repeat(markWidth)}`),
    short: oneLine(choice.short ?? choice.name),
    ...(choice.description === undefined
      ? {}
      : { description: wrap(oneLine(choice.description, 1000), columns - 1).join('\n') }),
  }));

/** The cursor and the box before a choice. */
const markWidth = 3;

/** The sign before a question, and `y/N` behind it. */
const roomBesideMessage = 7;

export interface ThemeOptions {
  readonly canGoBack: boolean;
  /** A text that is not taken is cleared, so that the next one can be typed at once. */
  readonly clearsWrong?: boolean | undefined;
  readonly columns: number;
}

/** A theme of inquirer. */
export function themeOf(style: Style, { canGoBack, clearsWrong, columns }: ThemeOptions): object {
  const { green, red, bold, dim } = style;
  const error = (text: string): string => red(`! ${text}`);
  const key = (text: string): string => bold(`<${text}>`);
  const keysHelpTip = (keys: readonly (readonly [string, string])[]): string | undefined =>
    keys.length === 0
      ? undefined
      : wrap(
          [...keys, ...(canGoBack ? [['Esc', 'back']] : [])].map((pair) => pair.join('\u00a0')).join(', '),
          columns - 1,
        )
          .map((text) => dim(text.replaceAll('\u00a0', ' ')))
          .join('\n');
  const styles = {
    answer: green,
    message: (text: string): string =>
      wrap(text, columns - roomBesideMessage)
        .map(bold)
        .join('\n  '),
    error,
    defaultAnswer: dim,
    help: dim,
    highlight: bold,
    key,
    keysHelpTip,
  };
  const icon = {
    checked: green('◉'),
    unchecked: '◯',
    cursor: '❯',
    disabledChecked: green('◎'),
    disabledUnchecked: '-',
  };
  const prefix = { idle: bold('?'), done: green('+') };
  const validationFailureMode = clearsWrong === true ? 'clear' : 'keep';
  return { prefix, icon, validationFailureMode, style: { ...styles, description: dim } };
}
