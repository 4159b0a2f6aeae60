/** Escape at a question: back to the one before. */
import { WentBack } from '../prompt.js';

/** For questions that can be left. */
export const leaving = { canGoBack: true } as const;

/** Undefined where Escape was pressed. */
export async function orBack<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof WentBack) return undefined;
    throw error;
  }
}
