/** Reaches one machine: waits for its turn, tries again what a busy server dropped or a dead jump host cost, and says how often it tried. */
import { sleep } from '../lib/clock.js';
import type { Result } from '../lib/result.js';
import { fail, ok } from '../lib/result.js';
import { createBackoff } from './backoff.js';
import type { Backoff } from './backoff.js';
import type { Bastion } from './bastions.js';
import type { Connecting, Outcome } from './connecting.js';
import type { JumpHost } from './dial.js';
import type { HostError, HostErrorKind } from './errors.js';
import { openHop } from './hop.js';
import type { Failed, HopTools, Tried } from './hop.js';
import { type Endpoint, endOf } from './route.js';
import type { Transport } from './transport.js';

/** A bastion that is alive, or why there is none; `undefined` without one on the way. */
type Way = () => Promise<Result<Bastion | undefined, HostError>>;

export interface ReachTools {
  readonly hop: HopTools;
  readonly connecting: Connecting;
  /** Fires when nobody waits for connections any more. */
  readonly stop: AbortSignal;
}

export interface Goal {
  /** From the first jump host to the machine itself. */
  readonly route: readonly Endpoint[];
  readonly way: Way;
  /** Milliseconds for attempts and pauses where it worked before in this run; otherwise the timeout for connecting counts. */
  readonly timeout: number | undefined;
}

export interface Reached {
  readonly transport: Transport;
  /** The last jump host on the way. */
  readonly bastion: Bastion | undefined;
}

/** What may be over in a while where a machine worked before. */
const passing: readonly HostErrorKind[] = ['refused', 'timeout', 'network', 'lost'];
/** What no other attempt changes, whatever became of the jump host meanwhile. */
const lasting: readonly HostErrorKind[] = [
  ...(['aborted', 'config', 'key-file', 'algorithms'] as const),
  ...(['host-key-unknown', 'host-key-changed', 'host-key-revoked'] as const),
];

export async function reach(goal: Goal, tools: ReachTools): Promise<Result<Reached, HostError>> {
  const endpoint = endOf(goal.route);
  let bastion: Bastion | undefined;
  const transport = await openHop(
    endpoint,
    async (attempt) => {
      const backoff = createBackoff(() => goal.timeout ?? tools.hop.connectTimeout);
      for (;;) {
        const way = await goal.way();
        if (!way.ok) return fail({ error: way.error, retry: false });
        bastion = way.value;
        const tried = await inTurn(goal.route, tools.connecting, () => attempt(jumpHostOf(bastion)));
        if (tried.ok) return tried;
        const pause = mayWork(tried.error, bastion, goal) ? backoff.next(tried.error.took) : undefined;
        if (pause === undefined || tools.stop.aborted) return fail(withTries(tried.error, backoff));
        tools.hop.log(
          `${endpoint.label}: ${tried.error.error.message}; trying again in ${(pause / 1000).toFixed(1)} s`,
        );
        await sleep(pause, tools.stop);
      }
    },
    tools.hop,
  );
  return transport.ok ? ok({ transport: transport.value, bastion }) : transport;
}

/** Holds a slot of each limit while `attempt` runs. */
async function inTurn(
  route: readonly Endpoint[],
  connecting: Connecting,
  attempt: () => Promise<Result<Transport, Tried>>,
): Promise<Result<Transport, Tried>> {
  const end = await connecting.begin(route);
  let outcome: Outcome = 'failed';
  try {
    const tried = await attempt();
    if (tried.ok) outcome = 'connected';
    else if (tried.error.retry === 'dropped') outcome = 'dropped';
    return tried;
  } finally {
    end(outcome);
  }
}

function mayWork({ error, retry }: Failed, bastion: Bastion | undefined, { timeout }: Goal): boolean {
  if (lasting.includes(error.kind)) return false;
  if (retry !== false || bastion?.transport.alive() === false) return true;
  return timeout !== undefined && passing.includes(error.kind);
}

const jumpHostOf = (bastion: Bastion | undefined): JumpHost | undefined =>
  bastion === undefined ? undefined : { label: bastion.endpoint.label, transport: bastion.transport };

/** How often it was tried is a part of why it failed. */
function withTries(failed: Failed, { attempts, spent }: Backoff): Failed {
  if (attempts < 2) return failed;
  const { error } = failed;
  const message = `${error.message} (tried ${attempts} times in ${Math.round(spent / 1000)} s)`;
  return { ...failed, error: { ...error, message } };
}
