/** One exploration of one scope, with what it took. */
import { type Bug, worlds } from './bugs.js';
import { type Explored, explore } from './explore.js';
import { modelWith } from './model.js';
import { type Scope, scopes } from './scopes.js';

export interface Run extends Explored {
  readonly scope: Scope;
  /** Of the processor. */
  readonly seconds: number;
}

/** More states than that are a mistake in the bounds. */
const limit = 4_000_000;

export function runScope(scope: Scope, bug?: Bug): Run {
  const began = process.cpuUsage();
  const explored = explore(scope.first, modelWith(bug, scope.isAlone, scope.kinds), limit);
  const { user, system } = process.cpuUsage(began);
  return { scope, ...explored, seconds: (user + system) / 1e6 };
}

/** Looks for a bug in its world. */
export function findBug(bug: Bug): Run {
  const scope = scopes.find(({ name }) => name === (worlds[bug] ?? 'one-run'));
  if (scope === undefined) throw new RangeError(`no world for ${bug}`);
  return runScope(scope, bug);
}
