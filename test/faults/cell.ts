/** One cell: a clean node, a change under way, the fault at its point, and then what the tool says and what is true. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../lab/lab.js';
import { type Hold, setConnectHold, setHold, whenReached } from './hold.js';
import { type Scene, faultActions } from './inject.js';
import { makeIntruder } from './intruder.js';
import { type Cell, faults, nameOf } from './matrix.js';
import {
  type Reference,
  awaitSettled,
  compare,
  filesOf,
  isCordoned,
  leftoversAfter,
  leftoversOf,
  servingAs,
  uptime,
} from './node-state.js';
import { type CommandLine, prepareNode } from './ready.js';
import { type Home, makeHome, newestJournal, saidBy, startTool } from './tool.js';
import { type Evidence, problemsOf } from './verdict.js';

export interface Result {
  readonly cell: Cell;
  readonly name: string;
  readonly problems: readonly string[];
  /** Outcome of the run, and of resume where there was something to resume. */
  readonly said: string;
  readonly files: string;
  /** Seconds; only where a change was under way when the controller or the node was lost. */
  readonly revertTook: number | undefined;
  /** Seconds. */
  readonly took: number;
}

export interface Stage {
  readonly lab: Lab;
  readonly node: string;
  readonly reference: Reference;
  readonly command: CommandLine;
  /** Seconds until an unconfirmed change is put back. */
  readonly deadline: number;
  /** What a cell writes; kept where it failed. */
  readonly folder: string;
}

/** Milliseconds that any one command of the tool may take. */
const patience = 240_000;
/** Seconds that the node's switch has, and that its proof may take beyond that. */
const promised = 5;
const proof = 60;

export async function runCell(cell: Cell, stage: Stage): Promise<Result> {
  const began = uptime();
  const { lab, node, reference, command, deadline } = stage;
  const folder = join(stage.folder, nameOf(cell).replaceAll('/', '_'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await prepareNode(lab, node, reference);

  const clockFile = join(folder, 'clock');
  const local = join(folder, 'hold');
  const home = makeHome(
    folder,
    command.env({ clockFile: cell.fault.startsWith('clock-') ? clockFile : undefined, local }),
  );
  const { apply, applyAlone, resume, main } = command;
  const intruder = makeIntruder({ lab, node, folder, env: command.env({}), main, apply: applyAlone, resume });
  const { kind } = faults[cell.fault];
  const action = faultActions[cell.fault];
  let scene: Scene = { lab, node, clockFile, intruder, tool: undefined };

  const early = kind === 'condition' && cell.step === 'connect';
  if (early) await action.inject(scene);
  const hold = early ? undefined : await holdFor(cell, lab, node, local);
  const tool = startTool(main, apply, home, patience);
  scene = { ...scene, tool };
  let reached = true;
  if (hold !== undefined) {
    const [first, then] = hold;
    reached = await whenReached(first, tool.hasEnded, patience);
    if (reached && then !== undefined) {
      const last = await then();
      await first.release('go');
      reached = await whenReached(last, tool.hasEnded, patience);
      scene = { ...scene };
      await strike(last);
    } else if (reached) await strike(first);
  }
  let lostAt: number | undefined;
  let wasPending = false;
  let settled: Awaited<ReturnType<typeof awaitSettled>> | undefined;

  async function strike(current: Hold): Promise<void> {
    lostAt = uptime();
    if (!early && kind !== 'answer') await action.inject(scene);
    if (kind !== 'event') {
      await current.release('go');
      return;
    }
    if (cell.step === 'connect' || cell.step === 'prove') await current.release('go');
    else if (cell.moment !== 'late') await current.release('drop');
    if (cell.fault === 'reboot' || cell.fault === 'power-cut') await action.heal(scene);
    wasPending = (await leftoversOf(lab, node)).pending.some((one) => !/ (prepared|none|empty)$/.test(one));
    settled = await awaitSettled(lab, node, reference, wasPending ? deadline + promised + proof : 1);
    if (cell.moment === 'late') {
      await current.release('go');
      await leftoversAfter(lab, node, 2000);
    }
    if (cell.moment !== 'late') await action.heal(scene);
  }

  const ended = await tool.ended;
  const killed = cell.fault === 'controller-killed' && reached;
  const run = killed ? undefined : saidBy(ended);
  const filesAfterRun = killed ? undefined : compare(await filesOf(lab, node), reference);
  await action.heal(scene);
  const journal = newestJournal(home);
  const isOpen = journal !== undefined && (!journal.ended || run?.outcome === 'unknown');
  const resumed = isOpen ? await startTool(main, resume(journal.run), home, patience).ended : undefined;
  await lab.clearFaults(node);

  const evidence: Evidence = {
    cell,
    reached,
    run,
    filesAfterRun,
    resume: resumed === undefined ? undefined : saidBy(resumed),
    unbegun: journal === undefined,
    leftovers: await leftoversAfter(lab, node, 10_000),
    serving: await servingAs(lab, node).catch((error: unknown) => String(error)),
    files: compare(await filesOf(lab, node), reference),
    cordoned: await isCordoned(lab, node),
    revertTook: wasPending && settled?.oldAt !== undefined && lostAt !== undefined ? settled.oldAt - lostAt : undefined,
    revertBound: cell.fault === 'controller-killed' || cell.fault === 'ssh-cut' ? deadline + promised : undefined,
    intruder: intruder.said(),
  };
  const problems = problemsOf(evidence);
  if (problems.length === 0) rmSync(folder, { recursive: true, force: true });
  else await keep(folder, { lab, node, evidence, problems, home, ended, resumed });
  return {
    cell,
    name: nameOf(cell),
    problems,
    said: [killed ? 'killed' : (run?.outcome ?? `exit ${ended.code}`), evidence.resume?.outcome]
      .filter(Boolean)
      .join(' > '),
    files: evidence.files,
    revertTook: evidence.revertTook,
    took: uptime() - began,
  };
}

/** The hold to reach, and for `prove` the one that is set while the first one holds. */
async function holdFor(
  cell: Cell,
  lab: Lab,
  node: string,
  local: string,
): Promise<readonly [Hold, (() => Promise<Hold>)?]> {
  const place = { lab, node, local };
  if (cell.step === 'connect') return [await setConnectHold(lab, node)];
  if (cell.step === 'prove')
    return [await setHold(place, 'prepare', 'after', 'prepared'), () => setConnectHold(lab, node)];
  const name = cell.moment === 'answer' ? cell.fault : 'cell';
  return [await setHold(place, cell.step, cell.moment, name)];
}

interface Kept {
  readonly lab: Lab;
  readonly node: string;
  readonly evidence: Evidence;
  readonly problems: readonly string[];
  readonly home: Home;
  readonly ended: { readonly stdout: string; readonly stderr: string };
  readonly resumed: { readonly stdout: string; readonly stderr: string } | undefined;
}

/** All that helps to understand a failed cell, in its folder. */
async function keep(folder: string, { lab, node, evidence, problems, home, ended, resumed }: Kept): Promise<void> {
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('problems.txt', `${problems.join('\n')}\n`);
  write('evidence.json', JSON.stringify(evidence, undefined, 2));
  write('run.txt', `${ended.stdout.slice(0, 200_000)}\n--- stderr\n${ended.stderr.slice(0, 200_000)}`);
  if (resumed !== undefined) write('resume.txt', `${resumed.stdout}\n--- stderr\n${resumed.stderr}`);
  write('journal.ndjson', newestJournal(home)?.text ?? '');
  const look = await lab.on(
    node,
    `cat /run/lab-faults/calls; cd /var/lib/kubelatch/txn && for f in */*; do [ ! -f "$f" ] || { echo "== $f"; head -c 2000 "$f"; echo; }; done
     journalctl --no-pager -n 150 -o short-monotonic`,
  );
  write('node.txt', look.stdout + look.stderr);
}
