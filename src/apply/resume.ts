/** Ends one host of a run whose controller died: the node's own word decides, and what it left undecided is put back now. */
import type { HostPlan } from '../plan/host-plan.js';
import { readKeptPlan } from '../plan/saved-plan.js';
import type { Session } from '../ssh/session.js';
import { withCordon } from './cordon.js';
import { failureOf, proveOld } from './gate.js';
import { type HostTask, type RunContext, trackHost } from './host-task.js';
import { type KeptTransaction, listTransactions, parseHolder, switchTimes } from './node-transaction.js';
import type { Outcome } from './outcome.js';
import { untilDecided } from './put-back.js';
import { heldBy } from './refusal.js';

/** What the run was about. */
export interface ResumeGoal {
  /** Which to name in hints. */
  readonly run: string;
  readonly kind: 'apply' | 'rollback';
  /** The transaction on the nodes: the run's own, or that of the run it was taking back. */
  readonly id: string;
}

/** A host that was begun, as its journal tells. */
export interface BegunHost {
  readonly host: string;
  readonly mayHaveWritten: boolean;
  /** The Node that the run itself cordoned. */
  readonly cordon: string | undefined;
  /** No journal here tells whether the run cordoned its Node. */
  readonly fromNodes?: boolean;
  connect: HostTask['connect'];
}

/** Never `confirmed` by a guess: what the node does not say is `unknown`. */
export async function resumeHost(goal: ResumeGoal, begun: BegunHost, context: RunContext): Promise<Outcome> {
  const connected = await begun.connect();
  if (!connected.ok) return unasked(connected.error.message);
  const session = connected.value;
  try {
    const kept = await listTransactions(session);
    if (!kept.ok) return unasked(kept.error.message);
    return await endHost(goal, begun, session, kept.value, context);
  } finally {
    await session.close();
  }

  function unasked(why: string): Outcome {
    const { finish } = trackHost(taskOf(begun, undefined), context);
    const itself = goal.kind === 'apply' ? '; its own switch puts it back if it was armed' : '';
    const outcome = finish('unknown', `the node cannot be asked: ${why}${itself}`, `kubelatch resume ${goal.run}`);
    return withCordon(outcome, begun.cordon);
  }
}

async function endHost(
  goal: ResumeGoal,
  begun: BegunHost,
  session: Session,
  kept: readonly KeptTransaction[],
  context: RunContext,
): Promise<Outcome> {
  const found = kept.find((one) => one.id === goal.id);
  const plan = readKeptPlan(found?.about.plan);
  const task = taskOf(begun, plan);
  const { progress, step, finish } = trackHost(task, context);
  const look = `log in and look: systemctl status ${task.target.unit}, /var/lib/kubelatch/txn/${goal.id}`;
  let proved = false;
  return released(found === undefined ? gone() : await settled(found));

  function gone(): Outcome {
    return begun.mayHaveWritten || goal.kind === 'rollback'
      ? finish(
          'unknown',
          `the node keeps nothing of run ${goal.id}: whether its files are the old or the new ones is not known`,
          `kubelatch audit --limit ${begun.host} tells how its kubelet runs`,
        )
      : finish('failed', 'nothing was changed: the run ended before its first file was written', 'apply again');
  }

  async function settled(transaction: KeptTransaction): Promise<Outcome> {
    const { state } = transaction;
    if (state === 'confirmed' && goal.kind === 'apply') return confirmed();
    if (state === 'reverted') return putBack(transaction);
    const reverted = await step('revert', () => {
      const change = {
        id: goal.id,
        session,
        restarts: plan?.restart !== false,
        times: switchTimes(context.timing.gate),
      };
      return untilDecided(change, `resume ${goal.run}`, task);
    });
    if (!reverted.ok)
      return finish('unknown', `putting back failed: ${reverted.error.message}${stuckIn(transaction)}`, look);
    const { word, detail } = reverted.value;
    switch (word) {
      case 'reverted':
        return putBack((await askAgain()) ?? transaction);
      case 'nothing':
        return goal.kind === 'rollback'
          ? finish('unchanged', `run ${goal.id} had changed nothing yet`)
          : finish('failed', 'nothing was changed: the run ended before its first file was written', 'apply again');
      case 'none':
        return gone();
      case 'conflict':
        return finish(
          'unknown',
          `not put back: ${detail} was edited by somebody else meanwhile`,
          `both versions are kept: the old one is in /var/lib/kubelatch/txn/${goal.id}/old`,
        );
      case 'pending':
        return finish('unknown', `not put back: ${heldBy(parseHolder(detail), begun.host).reason}`, look);
      default:
        if (word === 'state' && detail === 'confirmed' && goal.kind === 'apply') return confirmed();
        return finish('unknown', `putting back failed: ${word} ${detail}${stuckIn(transaction)}`, look);
    }
  }

  function confirmed(): Outcome {
    return finish('confirmed', 'the node had confirmed it before the run was lost');
  }

  /** The files are the old ones by the node's word; the kubelet has to prove the rest. */
  async function putBack({ verdict }: KeptTransaction): Promise<Outcome> {
    const by = verdict === '' ? 'put back' : verdict;
    if (plan === undefined)
      return finish('unknown', `${by}, but what the node keeps of the run cannot be read, to prove it healthy`, look);
    if (plan.restart) {
      const ill = await illness();
      if (ill !== undefined) return finish('unknown', `${by}, but the node is not healthy: ${ill}`, look);
    }
    if (goal.kind === 'rollback') return finish('confirmed', `put back to before run ${goal.id}`);
    const because = `the run was lost before the change was confirmed; ${by}`;
    return finish('reverted', because, 'the files are as they were; apply again');
  }

  async function askAgain(): Promise<KeptTransaction | undefined> {
    const fresh = await task.connect();
    if (!fresh.ok) return undefined;
    const listed = await listTransactions(fresh.value).finally(() => fresh.value.close());
    return listed.ok ? listed.value.find((one) => one.id === goal.id) : undefined;
  }

  /** Why the node is not as healthy as it should be with the configuration it has; undefined where it is. */
  async function illness(): Promise<string | undefined> {
    const fresh = await task.connect();
    if (!fresh.ok) return fresh.error.message;
    const gate = await step('gate', () => proveOld(fresh.value, task, context), false).finally(() =>
      fresh.value.close(),
    );
    progress.gate = gate.checks;
    progress.log = gate.log;
    proved = gate.passed;
    return gate.passed ? undefined : failureOf(gate);
  }

  /** The Node that the run was to cordon, where nobody here knows whether it did. */
  function secluded(): string | undefined {
    const asked = begun.fromNodes === true && ['cordon', 'drain'].includes(found?.about.seclusion ?? '');
    return asked ? (plan?.nodeName ?? begun.host) : undefined;
  }

  /** Lifts the run's own cordon, from a node that is proved healthy and from no other. */
  async function released(outcome: Outcome): Promise<Outcome> {
    if (outcome.outcome === 'unknown') return withCordon(outcome, begun.cordon);
    const node = begun.cordon ?? secluded();
    if (node === undefined) return outcome;
    const left = (why: string): Outcome => {
      const reason = [outcome.outcome, outcome.reason, `its cordon was left: ${why}`].filter(Boolean).join('; ');
      return { ...outcome, outcome: 'unknown', reason, hint: `kubectl uncordon ${node}`, timings: progress.timings };
    };
    const { cluster } = context;
    if (cluster === undefined) return left('the API server is not asked');
    const view = await cluster.view();
    const seen = view.ok ? view.value.get(node) : undefined;
    if (!view.ok) return left(view.error.message);
    if (seen === undefined) return left(`the API server knows no Node ${node}`);
    if (!seen.unschedulable) return outcome;
    if (begun.cordon === undefined) return left('only the journal of the run tells whether it is not of somebody else');
    const ill = proved ? undefined : plan === undefined ? notReady(seen.ready) : await illness();
    if (ill !== undefined) return left(`the node is not healthy: ${ill}`);
    const lifted = await step('uncordon', () => cluster.cordon(node, false));
    if (!lifted.ok) return left(lifted.error.message);
    return { ...outcome, gate: progress.gate, timings: progress.timings };
  }
}

const notReady = (ready: string): string | undefined => (ready === 'True' ? undefined : `Ready is ${ready}`);

const stuckIn = ({ stuck }: KeptTransaction): string =>
  stuck === '' ? '' : `; the node itself had given up: ${stuck}`;

/** What is not known of a node is not used: nothing is proved without a plan. */
const taskOf = ({ host, cordon, connect }: BegunHost, plan: HostPlan | undefined): HostTask => ({
  host,
  nodeName: plan?.nodeName ?? cordon,
  controlPlane: plan?.role === 'control-plane',
  target: plan?.watch ?? { unit: 'kubelet.service', processName: 'kubelet', logPath: undefined },
  ports: plan?.ports ?? { kubelet: 10250, readOnly: 0, healthz: 10248, healthzHost: '127.0.0.1' },
  connect,
});
