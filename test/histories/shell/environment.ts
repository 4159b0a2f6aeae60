/** What a shell or subshell has, and how commands leave it early. */
import type { OpenFile } from './kernel.js';
import type { Command } from './syntax.js';
import type { Variables } from './variables.js';

/** Leaves commands early: a loop, a function, or the shell. */
export class Flow extends Error {
  readonly what: 'break' | 'continue' | 'return' | 'exit';
  readonly status: number;
  constructor(what: Flow['what'], status: number) {
    super(what);
    this.what = what;
    this.status = status;
  }
}

/** A shell or subshell: what its commands see and change. */
export interface Environment {
  args: readonly string[];
  readonly variables: Variables;
  /** No program here defines functions in a subshell, so all share them. */
  readonly functions: Map<string, Command>;
  readonly files: Map<number, OpenFile>;
  umask: number;
  status: number;
}
