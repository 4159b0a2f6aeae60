/** Guesses the distribution of a node from what the API server knows of it. Only for a person to read. Pure. */
import { distros } from './index.js';

export interface NodeSigns {
  readonly kubeletVersion: string;
  /** Names of its labels and annotations. */
  readonly marks: readonly string[];
}

/** The title of the distribution; undefined if nothing tells. The version tells more than marks, which one may have of another. */
export function guessDistro({ kubeletVersion, marks }: NodeSigns): string | undefined {
  const byVersion = distros.find(({ name }) => kubeletVersion.includes(`+${name}`));
  const byMark = distros.find(({ name }) => marks.some((mark) => mark.startsWith(`${name}.`)));
  return (byVersion ?? byMark)?.title;
}
