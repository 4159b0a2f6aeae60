/** Visits every state that can be reached, breadth first, and proves that all of them come to rest. */
import { type Violation, unrestIn, violationIn } from './invariants.js';
import { type Model, movesOf } from './model.js';
import { type World, keyOf } from './world.js';

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  /** Steps from the first state to the farthest one. */
  readonly depth: number;
  /** States in which nothing goes on by itself. */
  readonly ends: number;
  readonly violation?: Violation | undefined;
  /** The shortest way to the violation, in words. */
  readonly trace: readonly string[];
}

/** Grows as it is filled. */
class Numbers {
  values = new Int32Array(1 << 16);
  length = 0;
  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Int32Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length] = value;
    this.length += 1;
  }
  at(index: number): number {
    return this.values[index] ?? -1;
  }
}

/** Throws RangeError where there are more states than `limit`: the bounds are wrong then. */
export function explore(first: World, model: Model, limit: number): Explored {
  const known = new Map<string, number>([[keyOf(first), 0]]);
  // By state: where it was found first, and by which of the moves there.
  const parents = new Numbers();
  const choices = new Numbers();
  // Pairs of states between which the world goes by itself.
  const edges = new Numbers();
  const own = new Numbers();
  parents.push(-1);
  choices.push(-1);
  let transitions = 0;
  let ends = 0;
  let depth = 0;
  const bad = (violation: Violation, state: number): Explored => ({
    ...{ states: known.size, transitions, depth, ends, violation },
    trace: traceTo(state, first, model, parents, choices),
  });
  const atFirst = violationIn(first);
  if (atFirst !== undefined) return bad(atFirst, 0);
  let frontier: readonly World[] = [first];
  let state = 0;
  for (; frontier.length > 0; depth += 1) {
    const next: World[] = [];
    for (const world of frontier) {
      let progress = 0;
      for (const [choice, move] of movesOf(world, model).entries()) {
        transitions += 1;
        const key = keyOf(move.world);
        let to = known.get(key);
        if (to === undefined) {
          to = known.size;
          if (to >= limit) throw new RangeError(`more than ${limit} states`);
          known.set(key, to);
          parents.push(state);
          choices.push(choice);
          const violation = violationIn(move.world);
          if (violation !== undefined) return bad(violation, to);
          next.push(move.world);
        }
        if (move.kind !== 'progress') continue;
        progress += 1;
        edges.push(state);
        edges.push(to);
      }
      own.push(progress);
      if (progress === 0) {
        ends += 1;
        const unrest = unrestIn(world);
        if (unrest !== undefined) return bad(unrest, state);
      }
      state += 1;
    }
    frontier = next;
  }
  const circling = circleIn(known.size, edges, own);
  if (circling !== undefined) return bad({ invariant: 'ends', why: 'the same states come again and again' }, circling);
  return { states: known.size, transitions, depth: depth - 1, ends, trace: [] };
}

/** A state from which the world may go on for ever by itself; undefined if there is none. Takes away ends until nothing is left. */
function circleIn(states: number, edges: Numbers, own: Numbers): number | undefined {
  const starts = new Int32Array(states + 1);
  for (let at = 1; at < edges.length; at += 2) starts[edges.at(at) + 1] = (starts[edges.at(at) + 1] ?? 0) + 1;
  for (let at = 1; at <= states; at += 1) starts[at] = (starts[at] ?? 0) + (starts[at - 1] ?? 0);
  const filled = starts.slice();
  const before = new Int32Array(edges.length / 2);
  for (let at = 0; at < edges.length; at += 2) {
    const to = edges.at(at + 1);
    const place = filled[to] ?? 0;
    before[place] = edges.at(at);
    filled[to] = place + 1;
  }
  const open = own.values.slice(0, states);
  const ended: number[] = [];
  for (let at = 0; at < states; at += 1) if (open[at] === 0) ended.push(at);
  let left = states;
  for (let one = ended.pop(); one !== undefined; one = ended.pop()) {
    left -= 1;
    for (let at = starts[one] ?? 0; at < (starts[one + 1] ?? 0); at += 1) {
      const from = before[at] ?? 0;
      open[from] = (open[from] ?? 0) - 1;
      if (open[from] === 0) ended.push(from);
    }
  }
  return left === 0 ? undefined : open.findIndex((count) => count > 0);
}

function traceTo(state: number, first: World, model: Model, parents: Numbers, choices: Numbers): readonly string[] {
  const taken: number[] = [];
  for (let at = state; parents.at(at) >= 0; at = parents.at(at)) taken.push(choices.at(at));
  let world = first;
  return taken.reverse().map((choice) => {
    const move = movesOf(world, model)[choice];
    if (move === undefined) throw new RangeError('the model is not the same each time');
    world = move.world;
    return move.says();
  });
}
