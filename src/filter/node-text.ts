/** A file that kubelatch writes as a whole. Pure. */

export interface NodeText {
  readonly path: string;
  readonly text: string;
}
