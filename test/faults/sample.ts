/** Which cells are run: all, those that match a pattern, or a seeded sample in which every fault and shape has its share. */
import { type Cell, nameOf, pointOf, shapes } from './matrix.js';

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The same cells in an order that the seed decides. */
export function shuffled(cells: readonly Cell[], seed: number): Cell[] {
  const random = seeded(seed);
  return cells
    .map((cell) => ({ cell, key: random() }))
    .sort((left, right) => left.key - right.key)
    .map(({ cell }) => cell);
}

/** `count` cells: fault after fault in turn, each time on another shape. */
export function sampleOf(cells: readonly Cell[], count: number, seed: number): Cell[] {
  const left = shuffled(cells, seed);
  const names = [...new Set(cells.map(({ fault }) => fault))];
  const taken: Cell[] = [];
  for (let turn = 0; taken.length < count && left.length > 0; turn += 1) {
    const fault = names[turn % names.length];
    const shape = shapes[(turn + Math.floor(turn / names.length)) % shapes.length];
    const exact = left.findIndex((cell) => cell.fault === fault && cell.shape === shape);
    const at = exact >= 0 ? exact : left.findIndex((cell) => cell.fault === fault);
    if (at >= 0) taken.push(...left.splice(at, 1));
  }
  return taken;
}

/** FAULT/STEP[.MOMENT]/SHAPE, where `*` or nothing stands for any. */
export function matching(cells: readonly Cell[], pattern: string): Cell[] {
  const [fault = '', point = '', shape = ''] = pattern.split('/');
  const any = (wanted: string, ...values: readonly string[]): boolean =>
    wanted === '' || wanted === '*' || values.includes(wanted);
  return cells.filter(
    (cell) =>
      nameOf(cell) === pattern ||
      (any(fault, cell.fault) && any(point, cell.step, pointOf(cell)) && any(shape, cell.shape, cell.node)),
  );
}
