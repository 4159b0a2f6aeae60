/** A question for a line of text: what is offered, and why a text is not taken. */
import { oneLine } from '../lib/sanitize.js';
import type { Leaving } from './prompt.js';

export interface InputOptions extends Leaving {
  /** Taken if nothing is typed. */
  readonly initial?: string | undefined;
  /** What is wrong with a text; undefined if nothing is. */
  readonly fault?: ((text: string) => string | undefined) | undefined;
}

/** The question in inquirer's form. */
export function textQuestion(message: string, { initial, fault, ...leaving }: InputOptions = {}) {
  const validate = (typed: string): boolean | string => {
    const why = fault?.(typed.trim());
    return why === undefined || oneLine(why);
  };
  const offered = initial === undefined ? {} : { default: initial };
  return { type: 'input', message: oneLine(message), validate, ...offered, ...leaving };
}
