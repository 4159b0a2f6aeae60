/** One thing the gate looks at, again and again. */
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
