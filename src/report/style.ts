/** The colours of a report. Each writer receives a style, so that no writer decides about colour itself. */
export type Paint = (text: string) => string;

export interface Style {
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly bold: Paint;
  readonly dim: Paint;
}

const same: Paint = (text) => text;

/** A style without colour. */
export const plainStyle: Style = { red: same, green: same, yellow: same, bold: same, dim: same };
