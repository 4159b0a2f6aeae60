/** One cell: a clean node, a change under way, the fault at its point, and then what the tool says and what is true. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../lab/lab.js';
import { type Scene, faultActions } from './inject.js';
import { makeIntruder } from './intruder.js';
import { type Cell, losesController, nameOf, slowness } from './matrix.js';
import {
  type Reference,
  compare,
  filesOf,
  isCordoned,
  leaseHolder,
  leftoversAfter,
  servingAs,
  uptime,
} from './node-state.js';
import { type CommandLine, prepareNode } from './ready.js';
import { isEarly, pointFor, strike } from './strike.js';
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
  /** Of the kubelet, as the API server tells it. */
  readonly version: string;
}

export interface Stage {
  readonly lab: Lab;
  readonly node: string;
  readonly reference: Reference;
  /** Of the kubelet. */
  readonly version: string;
  readonly command: CommandLine;
  /** Seconds until an unconfirmed change is put back. */
  readonly deadline: number;
  /** What a cell writes; kept where it failed. */
  readonly folder: string;
}

/** A gate that lasts longer than it takes until the first heartbeat, which comes after a third of the deadline. */
const unhurried = (deadline: number): readonly string[] => ['--settle', `${Math.ceil(deadline / 3) + 2}s`];
/** Milliseconds that any one command of the tool may take. */
const patience = 240_000;
/** Seconds that the node's switch has, and that its proof may take beyond that. */
const promised = 5;
const proof = 60;

/** `before`: the cell that this lane ran last. */
export async function runCell(cell: Cell, stage: Stage, before: Result | undefined): Promise<Result> {
  const began = uptime();
  const { lab, node, reference, command, deadline } = stage;
  const folder = join(stage.folder, nameOf(cell).replaceAll('/', '_'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const wasOld = before?.problems.length === 0 && before.files === 'old';
  // The other operator asks no cluster.
  await prepareNode(lab, node, reference, cell.fault === 'lock-held' ? 'touched' : wasOld ? 'old' : 'unknown');

  const clockFile = join(folder, 'clock');
  const local = join(folder, 'hold');
  const isClock = cell.fault.startsWith('clock-');
  const home = makeHome(folder, command.env({ clockFile: isClock ? clockFile : undefined, local }));
  const { apply, applyAlone, resume, main } = command;
  const intruder = makeIntruder({ lab, node, folder, env: command.env({}), main, apply: applyAlone, resume });
  const action = faultActions[cell.fault];
  const still = { lab, node, clockFile, intruder, tool: undefined };
  if (isEarly(cell)) await action.inject(still);
  const point = await pointFor(cell, lab, node, local);
  const tool = startTool(main, cell.step === 'beat' ? [...apply, ...unhurried(deadline)] : apply, home, patience);
  const scene: Scene = { ...still, tool };
  try {
    const bound = deadline + promised + slowness(cell.fault);
    const target = { cell, scene, reference, patience: bound + proof };
    const struck = await strike(point, tool, target);
    const ended = await tool.ended;
    const killed = losesController(cell) && struck.reached;
    const run = killed ? undefined : saidBy(ended);
    // While the other operator's change is under way, the files are not this run's to tell of.
    const isOthers = killed || intruder.holds();
    const filesAfterRun = isOthers ? undefined : compare(await filesOf(lab, node), reference);
    await action.heal(scene);
    const journal = newestJournal(home);
    const isOpen = journal !== undefined && (!journal.ended || run?.outcome === 'unknown');
    const resumed = isOpen ? await startTool(main, resume(journal.run), home, patience).ended : undefined;
    // The tool has had its last word: what is armed now would be left armed. A node's own units take a moment to be gone.
    const leftovers = await leftoversAfter(lab, node, 2000);
    const [serving, filesNow, cordoned, lease] = await Promise.all([
      servingAs(lab, node).catch((error: unknown) => String(error)),
      filesOf(lab, node).then((all) => compare(all, reference)),
      isCordoned(lab, node),
      leaseHolder(lab),
    ]);
    const evidence: Evidence = {
      ...struck,
      doubts: [...struck.doubts, ...(isClock && !hasShifted(journal?.text ?? '') ? ['no clock was shifted'] : [])],
      cell,
      run,
      filesAfterRun,
      resume: resumed === undefined ? undefined : saidBy(resumed),
      unbegun: journal === undefined,
      leftovers,
      serving,
      files: filesNow,
      cordoned,
      lease,
      revertBound: losesController(cell) || cell.fault === 'ssh-cut' ? bound : undefined,
      intruder: intruder.said(),
      intruderHeld: intruder.holds(),
    };
    const problems = problemsOf(evidence);
    if (problems.length === 0) rmSync(folder, { recursive: true, force: true });
    else await keep(folder, { lab, node, evidence, problems, home, ended, resumed });
    const first = killed ? 'killed' : (run?.outcome ?? `exit ${ended.code}`);
    const { files, revertTook } = evidence;
    const said = [first, evidence.resume?.outcome].filter(Boolean).join(' > ');
    const { version } = stage;
    return { cell, name: nameOf(cell), problems, said, files, revertTook, took: uptime() - began, version };
  } finally {
    tool.kill();
  }
}

/** A journal has times that are minutes off this machine's clock. */
const hasShifted = (journal: string): boolean =>
  [...journal.matchAll(/"time":"([^"]+)"/g)].some(
    ([, time = '']) => Math.abs(Date.parse(time) - Date.now()) > 8 * 60_000,
  );

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
