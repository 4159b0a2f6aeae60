/** Questions that lead back: Escape or Back takes the answer before it back. */
import { orBack } from '../terminal/guided/going-back.js';
import type { Prompts } from '../terminal/prompt.js';

/** Of a menu: takes the answer before it back, as Escape does at every question. */
export type Back = 'back';
export const back = { name: 'Back', value: 'back' as const };

/** A line of text; undefined if the person goes back. */
export const ask = (
  prompts: Prompts,
  text: string,
  initial: string,
  fault?: (word: string) => string | undefined,
): Promise<string | undefined> =>
  orBack(prompts.input(`${text} (Esc goes back):`, { initial, fault, canGoBack: true }));

/**
 * The answers to questions in their order. `askOne` gets the answer that was given before the person went back to it.
 * `back` leads to the question before, or out of the first one; `stop` leaves out this question and all after it.
 */
export async function askInOrder<Q, A>(
  questions: readonly Q[],
  askOne: (question: Q, at: number, before: A | undefined) => Promise<{ readonly answer: A } | Back | 'stop'>,
): Promise<readonly A[] | Back> {
  const answers: A[] = [];
  for (let at = 0; at < questions.length;) {
    const said = await askOne(questions[at] as Q, at, answers[at]);
    if (said === 'stop') return answers.slice(0, at);
    if (said !== 'back') answers[at] = said.answer;
    else if (at === 0) return 'back';
    at += said === 'back' ? -1 : 1;
  }
  return answers;
}
