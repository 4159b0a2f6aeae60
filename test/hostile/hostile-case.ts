/** What one hostile host is, and how an audit of it may end. */
import type { Listening } from './ssh-host.js';

export type Status = 'judged' | 'unreadable' | 'unreachable';

export interface HostileCase {
  readonly name: string;
  /** Starts the host. */
  readonly start: () => Promise<Listening>;
  /** How the audit of this host may end. */
  readonly ends: Status | readonly Status[];
  /** What its error says, or a note or a finding of it where it is judged. */
  readonly says?: RegExp | undefined;
  /** What must stand nowhere in what kubelatch prints. */
  readonly never?: RegExp;
  /** Without it `audit`. */
  readonly verb?: 'audit' | 'plan';
}

export const endsOf = ({ ends }: HostileCase): readonly Status[] => (typeof ends === 'string' ? [ends] : ends);
