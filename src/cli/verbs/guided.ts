/** `kubelatch` alone on a terminal: audit, plan and apply, step by step with questions. */
import { ToolError } from '../../lib/errors.js';
import { invocation, nextCommand } from '../../lib/next-command.js';
import { print, safeText } from '../../lib/output.js';
import { exitCodeOf } from '../../report/exit-code.js';
import { runGuided } from '../../terminal/guided.js';
import { type CliContext, loadHosts } from '../context.js';
import { ensureInventory } from '../guided/first-inventory.js';
import { createLedger } from '../guided/ledger.js';
import { playbookChoices } from '../guided/playbook-choices.js';
import { createRollout } from '../guided/rollout.js';
import type { GuidedSession } from '../guided/session.js';
import { commandFor, guidedSteps } from '../guided/steps.js';
import { makeInventory } from '../make-inventory.js';
import type { Flags } from '../options.js';
import { checkProofFlags } from '../plan-file.js';
import { sayOn } from '../say.js';

export async function guidedVerb(cli: CliContext): Promise<number> {
  if (!cli.interactive) {
    throw new ToolError('usage', 'the guided mode needs a terminal', { hint: 'to list the verbs: kubelatch --help' });
  }
  refuseOutput(cli.flags);
  checkProofFlags(cli.flags, undefined);
  if (!(await ensureInventory(cli, makeInventory))) return 0;
  const session = await openSession(cli);
  const leave = leaving(session);
  cli.shutdown.onQuit(leave);
  // A program that quits has said what state things are in, and nothing follows.
  const out = (text: string): void => {
    if (!cli.shutdown.immediate.aborted) print(process.stderr, safeText(text));
  };
  return runGuided(guidedSteps(session), cli.prompts, out).catch((error: unknown) => {
    if (!(error instanceof ToolError) || error.code !== 'interrupted') throw error;
    const [first = '', ...more] = leave();
    // A signal ends the program without another word; a host that needs attention must not be hidden.
    const needsYou = session.runs.some((result) => exitCodeOf(result) === 5);
    if (!needsYou && cli.shutdown.exitCode() === undefined)
      throw new ToolError('interrupted', `Cancelled. ${first}`, { hint: more.join('\n  ') || undefined, cause: error });
    if (!cli.shutdown.immediate.aborted) for (const one of [first, ...more]) sayOn(process.stderr, one);
    if (needsYou) return 5;
    throw error;
  });
}

async function openSession(cli: CliContext): Promise<GuidedSession> {
  const { inventory, hosts } = await loadHosts(cli);
  const ledger = createLedger();
  const onEvent: typeof cli.shutdown.onEvent = (event) => {
    ledger.onEvent(event);
    cli.shutdown.onEvent(event);
  };
  return {
    cli: { ...cli, shutdown: { ...cli.shutdown, onEvent } },
    inventory,
    hosts,
    playbooks: await playbookChoices(cli.flags.playbook),
    rollout: createRollout(cli.flags),
    ledger,
    given: invocation(),
    runs: [],
    planned: undefined,
    shown: undefined,
    isFresh: false,
    agreedWithout: false,
  };
}

/** What state things are in, and how to go on: said once, by whoever is first to know that the session ends. */
function leaving(session: GuidedSession): () => readonly string[] {
  let isTold = false;
  return () => {
    if (isTold) return [];
    isTold = true;
    const { ledger, shown } = session;
    const same = shown === undefined ? [] : [`To apply the plan without questions: ${commandFor(session, shown)}`];
    return [...ledger.stateLines(), ...same];
  };
}

/** The guided mode prints no single result. */
function refuseOutput({ output, outputFile }: Flags): void {
  if (output === 'table' && outputFile === undefined) return;
  const given = output === 'table' ? '--output-file' : `-o ${output}`;
  throw new ToolError('usage', `the guided mode does not support ${given}`, {
    hint: `use a verb, such as: ${nextCommand('audit', '-o', 'json')}`,
  });
}
