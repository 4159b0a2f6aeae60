/** What one run of the benchmark has found. Pure data. */
import type { Taken } from './measure.js';
import type { Exchange } from './round-trips.js';
import type { Subject } from './subjects.js';
import type { Started } from './trace.js';

export interface Measured {
  readonly name: string;
  readonly kind: Subject['kind'];
  readonly about: string;
  readonly version: string;
  /** One for each round. */
  readonly rounds: readonly (Taken & { readonly received: number; readonly sent: number })[];
  /** With one host; undefined where it was not counted. */
  readonly exchange: Exchange | undefined;
}

/** One audit of a fleet of hosts that do no work. */
export interface Grown extends Taken {
  readonly hosts: number;
}

/** What one piece of work asked of the API server of a generated cluster. */
export interface ApiLoad {
  readonly what: string;
  readonly seconds: number;
  /** MiB; undefined where it was not measured. */
  readonly peak: number | undefined;
  readonly calls: number;
  /** Of the answers. */
  readonly bytes: number;
  /** The calls with the most bytes. */
  readonly most: readonly { readonly kind: string; readonly calls: number; readonly bytes: number }[];
}

export interface Figures {
  /** As `2026-11-23`. */
  readonly date: string;
  readonly version: string;
  readonly cores: number;
  readonly kind: string;
  readonly hosts: number;
  readonly parallel: number;
  readonly rounds: number;
  readonly command: string;
  readonly measured: readonly Measured[];
  /** Peers of which there are no figures, and why. */
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  /** By the number of hosts, ascending. */
  readonly growth: readonly Grown[];
  readonly api: readonly ApiLoad[];
  /** Of one run of the probe. */
  readonly started: Started;
  /** Seconds, of each round. */
  readonly help: readonly number[];
  readonly emptyNode: readonly number[];
}

export const ofKind = ({ measured }: Figures, kind: Subject['kind']): readonly Measured[] =>
  measured.filter((one) => one.kind === kind);
