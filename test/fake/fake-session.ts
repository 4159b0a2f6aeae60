/** A Session without a network: scripted answers; a call that nobody expected fails the test. */
import type { Duplex } from 'node:stream';
import type { Result } from '../../src/lib/result.js';
import { fail, ok } from '../../src/lib/result.js';
import type { HostError } from '../../src/ssh/errors.js';
import type { Direct, RunOptions, RunResult, Session, Target } from '../../src/ssh/session.js';

export interface RunCall {
  readonly script: string;
  readonly args: readonly string[];
  readonly options: RunOptions;
}

/** What a script answers: its output with status 0, a partial result, or why it could not be run. */
export type RunAnswer =
  | string
  | {
      readonly code?: number | null;
      readonly stdout?: string | Buffer;
      readonly stderr?: string;
      readonly signal?: string;
    }
  | { readonly error: HostError };

export type OpenAnswer = Duplex | { readonly error: HostError };

/** Which calls a rule is for: text of the script, or a test of script and arguments. */
export type RunMatcher = string | RegExp | ((call: RunCall) => boolean);

interface Rule {
  readonly matches: RunMatcher;
  readonly answer: RunAnswer | ((call: RunCall) => RunAnswer | Promise<RunAnswer>);
  left: number;
}

interface OpenRule {
  readonly matches: (target: Target) => boolean;
  readonly answer: OpenAnswer | ((target: Target) => OpenAnswer | Promise<OpenAnswer>);
  left: number;
}

export class FakeSession implements Session {
  readonly name: string;
  /** All calls so far, in order. */
  readonly runs: RunCall[] = [];
  readonly opened: Target[] = [];
  closed = false;
  private readonly rules: Rule[] = [];
  private readonly openRules: OpenRule[] = [];
  private readonly unexpected: string[] = [];

  readonly user: string | undefined;
  readonly direct: Direct | undefined;

  constructor(name = 'node1', user?: string, direct?: Direct) {
    this.name = name;
    this.user = user;
    this.direct = direct;
  }

  /** Answers matching scripts, at most `times` of them; the first rule that matches and is not used up counts. */
  onRun(matches: RunMatcher, answer: Rule['answer'], times = Infinity): this {
    this.rules.push({ matches, answer, left: times });
    return this;
  }

  /** Answers `open` for a port, a socket path, or what a test function takes. */
  onOpen(matches: number | string | ((target: Target) => boolean), answer: OpenRule['answer'], times = Infinity): this {
    const test =
      typeof matches === 'function'
        ? matches
        : (target: Target): boolean => ('port' in target ? target.port === matches : target.socketPath === matches);
    this.openRules.push({ matches: test, answer, left: times });
    return this;
  }

  async run(script: string, args: readonly string[], options: RunOptions): Promise<Result<RunResult, HostError>> {
    const call = { script, args, options };
    this.runs.push(call);
    if (this.closed) this.refuse('a script after close()');
    const rule = this.rules.find((one) => one.left > 0 && matchesRun(one.matches, call));
    if (rule === undefined)
      return this.refuse(`the script ${JSON.stringify(script.slice(0, 120))} with ${JSON.stringify(args)}`);
    rule.left -= 1;
    const answer = typeof rule.answer === 'function' ? await rule.answer(call) : rule.answer;
    if (typeof answer === 'string') return ok(result({ stdout: answer }));
    return 'error' in answer ? fail(answer.error) : ok(result(answer));
  }

  async open(target: Target): Promise<Result<Duplex, HostError>> {
    this.opened.push(target);
    if (this.closed) this.refuse('a stream after close()');
    const rule = this.openRules.find((one) => one.left > 0 && one.matches(target));
    if (rule === undefined) return this.refuse(`a stream to ${JSON.stringify(target)}`);
    rule.left -= 1;
    const answer = typeof rule.answer === 'function' ? await rule.answer(target) : rule.answer;
    return 'error' in answer ? fail(answer.error) : ok(answer);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  /** Throws when a call came that no rule expected (even if the code under test swallowed its error), or a counted rule was not used up. */
  verify(): void {
    if (this.unexpected.length > 0) throw new Error(`${this.name}: unexpected: ${this.unexpected.join('; ')}`);
    const unused = [...this.rules, ...this.openRules].filter((rule) => Number.isFinite(rule.left) && rule.left > 0);
    if (unused.length > 0) throw new Error(`${this.name}: ${unused.length} expected call(s) did not come`);
  }

  private refuse(what: string): never {
    this.unexpected.push(what);
    throw new Error(`${this.name}: unexpected ${what}`);
  }
}

function matchesRun(matcher: RunMatcher, call: RunCall): boolean {
  if (typeof matcher === 'function') return matcher(call);
  return typeof matcher === 'string' ? call.script.includes(matcher) : matcher.test(call.script);
}

function result(parts: {
  code?: number | null;
  stdout?: string | Buffer;
  stderr?: string;
  signal?: string;
}): RunResult {
  return {
    code: parts.code === undefined ? 0 : parts.code,
    signal: parts.signal,
    stdout: Buffer.from(parts.stdout ?? ''),
    stderr: parts.stderr ?? '',
    took: 1,
  };
}
