/** How words are set off in a report; each writer is handed one, so that none decides about colour itself. */
export type Paint = (text: string) => string;

export interface Style {
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly bold: Paint;
  readonly dim: Paint;
}

const same: Paint = (text) => text;

/** No colour at all. */
export const plainStyle: Style = { red: same, green: same, yellow: same, bold: same, dim: same };
