/** A process of its own with a lab of its own: runs the cells that it is sent, one after the other. */
import { mkdirSync } from 'node:fs';
import { attachLab } from '../lab/lab.js';
import { type Result, type Stage, runCell } from './cell.js';
import { type Cell, nameOf } from './matrix.js';
import { kubeletVersion } from './node-state.js';
import { commandLine, readReference } from './ready.js';

export interface Order {
  readonly cell: Cell;
}
export type Answer =
  | { readonly word: 'ready' }
  | { readonly word: 'result'; readonly result: Result }
  /** The harness itself failed. */
  | { readonly word: 'broken'; readonly name: string; readonly error: string };

const node = 'w';

function answer(what: Answer): void {
  process.send?.(what);
}

async function start(): Promise<Stage> {
  const folder = process.env['LAB_EVIDENCE'] ?? '';
  const deadline = Number(process.env['LAB_DEADLINE']);
  mkdirSync(folder, { recursive: true });
  const lab = attachLab();
  const command = commandLine(lab, node, folder, deadline);
  const read = (): ReturnType<typeof readReference> => readReference(lab, node, command, folder);
  // The first change on a machine that is still busy booting may take too long.
  const reference = await read().catch(read);
  return { lab, node, command, deadline, folder, reference, version: await kubeletVersion(lab, node) };
}

const stage = start();
stage.then(
  () => answer({ word: 'ready' }),
  (error: unknown) => answer({ word: 'broken', name: 'start', error: String(error) }),
);

let last: Result | undefined;
process.on('message', ({ cell }: Order) => {
  const before = last;
  last = undefined;
  stage
    .then((ready) => runCell(cell, ready, before))
    .then(
      (result) => {
        last = result;
        answer({ word: 'result', result });
      },
      (error: unknown) =>
        answer({
          word: 'broken',
          name: nameOf(cell),
          error: error instanceof Error ? (error.stack ?? '') : String(error),
        }),
    );
});
// Who stops the matrix lets cells under way come to their end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit());
