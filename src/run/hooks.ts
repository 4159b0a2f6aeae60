/** Hooks of a rollout: programs of the operator, before and after each wave and host. They decide what starts, never what is reverted. */
import { monotonic } from '../lib/clock.js';
import { safeJson } from '../lib/output.js';
import { runHook } from './hook-process.js';
import type { Journal } from './journal.js';
import { type Outcome, type Report, hostOutcome } from './outcome.js';
import type { RolloutHost } from './rollout.js';

export const hookKinds = ['before-host', 'after-host', 'before-wave', 'after-wave'] as const;
export type HookKind = (typeof hookKinds)[number];

export interface HookSettings {
  /** Absolute paths, checked before the run. */
  readonly files: Readonly<Partial<Record<HookKind, string>>>;
  /** Milliseconds for each call. */
  readonly timeout: number;
  readonly env: Readonly<Record<string, string>>;
}

export interface HookResult {
  readonly hook: HookKind;
  /** Undefined for a wave's. */
  readonly host?: string | undefined;
  readonly wave: number;
  /** Why it failed; undefined where it exited with 0. */
  readonly failure?: string | undefined;
  readonly durationMs: number;
  /** The last lines of one that failed. */
  readonly output: readonly string[];
}

/** Of a result: in the order in which they ended; undefined where none were wanted, and in results of earlier versions. */
export interface HookResults {
  readonly hooks?: readonly HookResult[] | undefined;
}

/** What hooks get about a host, besides what the rollout knows. */
export interface HookHost {
  readonly name: string;
  readonly address: string | undefined;
  readonly role: string | undefined;
}

export interface HookContext {
  readonly verb: 'apply' | 'rollback' | 'resume' | 'uninstall';
  readonly cluster: string;
  readonly hostOf: (name: string) => HookHost;
  readonly journal: Journal;
  readonly report: Report;
  readonly shutdown: AbortSignal;
}

export interface WavePlace {
  readonly wave: number;
  readonly waves: number;
}

export interface Hooks {
  /** The outcome of a host that is not to start. */
  beforeHost(host: RolloutHost, place: WavePlace): Promise<Outcome | undefined>;
  afterHost(outcome: Outcome, place: WavePlace): Promise<void>;
  /** Why the wave is not to start. */
  beforeWave(hosts: readonly RolloutHost[], place: WavePlace): Promise<string | undefined>;
  afterWave(hosts: readonly RolloutHost[], outcomes: readonly Outcome[], place: WavePlace): Promise<void>;
  results(): readonly HookResult[];
}

const lastLines = 5;

/** Milliseconds that the hooks of one host may take. */
export const hookTime = (hooks: HookSettings | undefined): number =>
  hooks === undefined
    ? 0
    : (['before-host', 'after-host'] as const).filter((kind) => hooks.files[kind] !== undefined).length * hooks.timeout;

export function createHooks(settings: HookSettings, context: HookContext): Hooks {
  const results: HookResult[] = [];
  const factsOf = (host: Pick<RolloutHost, 'host' | 'nodeName'>, outcome?: Outcome) => ({
    ...context.hostOf(host.host),
    node: host.nodeName ?? null,
    ...(outcome === undefined ? {} : { outcome: outcome.outcome, reason: outcome.reason }),
  });
  const call = async (
    hook: HookKind,
    place: WavePlace,
    about: object,
    host?: string,
  ): Promise<HookResult | undefined> => {
    const path = settings.files[hook];
    if (path === undefined) return undefined;
    const { verb, cluster, journal, report, shutdown } = context;
    const { wave } = place;
    const facts = { schemaVersion: 1, hook, verb, run: journal.run, cluster, ...place, ...about };
    const output: string[] = [];
    report({ event: 'hook', hook, host, wave, state: 'started' });
    const began = monotonic();
    const failure = await runHook({
      ...{ path, facts: safeJson(facts), env: settings.env, timeout: settings.timeout },
      // What came before has to be taken back, so an after hook is not ended by the first Ctrl-C.
      signal: hook.startsWith('before') ? shutdown : undefined,
      onLine(line) {
        output.push(line);
        report({ event: 'hook-output', hook, host, wave, line });
      },
    });
    const durationMs = Math.round(monotonic() - began);
    const result = {
      hook,
      host,
      wave,
      failure,
      durationMs,
      output: failure === undefined ? [] : output.slice(-lastLines),
    };
    results.push(result);
    // What it printed stays out of the journal: it may hold what nobody should keep.
    await journal.write({ entry: 'hook', hook, host, wave, failure, durationMs }).catch(() => undefined);
    report({ event: 'hook', hook, host, wave, state: failure === undefined ? 'done' : 'failed', reason: failure });
    return result;
  };

  return {
    async beforeHost(host, place) {
      const result = await call('before-host', place, { host: factsOf(host) }, host.host);
      if (result?.failure === undefined) return undefined;
      const reason = `not started: the before-host hook ${result.failure}`;
      return context.shutdown.aborted
        ? hostOutcome(host, 'skipped', reason)
        : hostOutcome(host, 'failed', reason, hint);
    },
    async afterHost(outcome, place) {
      await call('after-host', place, { host: factsOf(outcome, outcome) }, outcome.host);
    },
    async beforeWave(hosts, place) {
      const result = await call('before-wave', place, { hosts: hosts.map((one) => factsOf(one)) });
      return result?.failure === undefined
        ? undefined
        : `the before-wave hook of wave ${place.wave} ${result.failure}; no host of it was started`;
    },
    async afterWave(hosts, outcomes, place) {
      const outcomeOf = (name: string): Outcome | undefined => outcomes.find(({ host }) => host === name);
      await call('after-wave', place, { hosts: hosts.map((one) => factsOf(one, outcomeOf(one.host))) });
    },
    results: () => results,
  };
}

const hint = 'nothing was changed; the lines of the hook say why';
