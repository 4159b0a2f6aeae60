/** One thing the gate looks at, again and again, and the connection it does so over. */
import type { Session } from '../ssh/session.js';

/** The connection of a gate: a new one takes the place of one that was lost. */
export interface Line {
  session: Session;
  lost: boolean;
}

export interface Check {
  readonly check: string;
  readonly expected: string;
  seen: string;
  passed: boolean;
  unchecked?: boolean;
  /** It can only get worse: waiting longer is useless. */
  fatal?: boolean;
}

export interface Looker {
  readonly state: Check;
  look(): Promise<void>;
}
