/** The results that runs leave in their results.json: which of an earlier run still count, and how partial runs join into one. */
import { readFileSync } from 'node:fs';
import type { Result } from './cell.js';
import { type Cell, nameOf } from './matrix.js';

/** What has to be the same for results of two runs to stand in one report. */
export interface Origin {
  /** A hash of the tool and of this harness. */
  readonly sources: string;
  readonly kind: string;
  /** Seconds. */
  readonly deadline: number;
}

/** A result as it is kept. */
export type KeptResult = Result & Origin;

const isOf = (result: Partial<Origin>, origin: Origin): boolean =>
  result.sources === origin.sources && result.kind === origin.kind && result.deadline === origin.deadline;

/** What a run has left in a file. */
export function readResults(file: string): readonly KeptResult[] {
  return JSON.parse(readFileSync(file, 'utf8')) as KeptResult[];
}

/** The green results among these cells that still count; what was seen of other sources says nothing of these. */
export function stillGreen(kept: readonly KeptResult[], cells: readonly Cell[], origin: Origin): KeptResult[] {
  const known = new Map(cells.map((cell) => [nameOf(cell), cell]));
  return kept.flatMap((result) => {
    const cell = known.get(result.name);
    return cell === undefined || result.problems.length > 0 || !isOf(result, origin) ? [] : [{ ...result, cell }];
  });
}

/** Joins partial runs. A cell that any of them found red is red. Throws a RangeError where a run is of something else. */
export function joined(
  runs: ReadonlyMap<string, readonly KeptResult[]>,
  cells: readonly Cell[],
  origin: Origin,
): KeptResult[] {
  const known = new Map(cells.map((cell) => [nameOf(cell), cell]));
  const found = new Map<string, KeptResult>();
  for (const [file, results] of runs) {
    for (const result of results) {
      if (!isOf(result, origin))
        throw new RangeError(`${file}: ${result.name} was run on other sources, kind or deadline`);
      const cell = known.get(result.name);
      if (cell === undefined) throw new RangeError(`${file}: ${result.name} is no cell of this report`);
      const before = found.get(result.name);
      if (before === undefined || before.problems.length === 0) found.set(result.name, { ...result, cell });
    }
  }
  return cells.flatMap((cell) => found.get(nameOf(cell)) ?? []);
}
