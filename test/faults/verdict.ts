/** Judges a cell: what the tool said against what the node is. Pure. */
import type { Cell } from './matrix.js';
import type { Leftovers } from './node-state.js';
import type { Said } from './tool.js';

export interface Evidence {
  readonly cell: Cell;
  /** False where the tool never came to the step. */
  readonly reached: boolean;
  /** What the run said; undefined where it was killed. */
  readonly run: Said | undefined;
  /** The node's files at the end of the run, where it could be looked at: `old`, `new`, or what is mixed. */
  readonly filesAfterRun: string | undefined;
  /** What `kubelatch resume` said; undefined where there was nothing to resume. */
  readonly resume: Said | undefined;
  /** True where the run was killed before its journal began: nothing can be resumed, and nothing may have happened. */
  readonly unbegun: boolean;
  readonly files: string;
  /** As what the kubelet serves. */
  readonly serving: string;
  readonly leftovers: Leftovers;
  readonly cordoned: boolean;
  /** Who holds the cluster's run lock after the last word; empty where nobody does. */
  readonly lease: string;
  /** Why the fault may not have struck, or the node not have saved itself. */
  readonly doubts: readonly string[];
  /** Seconds from the loss of the controller until the kubelet ran its old configuration. */
  readonly revertTook: number | undefined;
  /** Seconds; undefined where no promise is made. */
  readonly revertBound: number | undefined;
  /** What the other operator was told, where the node was taken. */
  readonly intruder: Said | undefined;
  /** The other operator's change was under way. */
  readonly intruderHeld: boolean;
}

const settled: readonly (string | undefined)[] = ['confirmed', 'unchanged'];
const oldOutcomes: readonly (string | undefined)[] = ['reverted', 'failed', 'refused', 'unreachable', 'skipped'];

/** What is wrong, a line each; none is a green cell. */
export function problemsOf(evidence: Evidence): string[] {
  return [
    ...(evidence.reached ? [] : ['the tool never came to this step']),
    ...evidence.doubts,
    ...lies('the run', evidence.run, evidence.filesAfterRun),
    ...lies('resume', evidence.resume, evidence.files),
    ...lastWord(evidence),
    ...nodeProblems(evidence),
    ...expectations(evidence),
  ];
}

/** Where the tool said how the node is, it is so; and no exit code of 0 for anything but the new files. */
function lies(who: string, said: Said | undefined, files: string | undefined): string[] {
  if (said === undefined) return [];
  const found: string[] = [];
  const { code, outcome } = said;
  if (code === 124) found.push(`${who} did not end in time`);
  if (code === 0 && !settled.includes(outcome)) found.push(`${who} exited 0 with the outcome ${outcome ?? 'none'}`);
  if (code !== 0 && settled.includes(outcome)) found.push(`${who} exited ${code} although ${outcome ?? ''}`);
  if (files === undefined) return found;
  if (settled.includes(outcome) && files !== 'new')
    found.push(`${who} said ${outcome ?? ''}, and the files are ${files}`);
  if ((oldOutcomes.includes(outcome) || (outcome === undefined && code !== 124)) && files !== 'old')
    found.push(`${who} said ${outcome ?? 'nothing of the host'}, and the files are ${files}`);
  return found;
}

function lastWord({ run, resume, unbegun, files, serving }: Evidence): string[] {
  const last = resume ?? run;
  const found: string[] = [];
  if (last === undefined && !unbegun) found.push('nobody said how the node ended');
  if (last === undefined && files !== 'old') found.push(`the run had not begun, and the files are ${files}`);
  if (last?.outcome === 'unknown') found.push(`the last word is unknown: ${last.reason}`);
  if (files !== 'old' && files !== 'new') found.push(`the files are ${files}`);
  else if (serving !== files) found.push(`the files are ${files}, the kubelet: ${serving}`);
  return found;
}

function nodeProblems(evidence: Evidence): string[] {
  const { run, resume, leftovers, cordoned, revertTook, revertBound } = evidence;
  const { staged, units, pending, stuck } = leftovers;
  return [
    ...(evidence.lease !== '' && !mayLeaveLock(evidence) ? [`left locked: the cluster, by ${evidence.lease}`] : []),
    ...staged.map((path) => `left staged: ${path}`),
    ...units.map((unit) => `left armed: ${unit}`),
    ...pending.map((one) => `left locked: transaction ${one}`),
    ...stuck.map((id) => `given up: transaction ${id}`),
    // Without the API server nobody can lift it; whoever says so names the command that does.
    ...(cordoned && !(resume ?? run)?.hint.startsWith('kubectl uncordon') ? ['left cordoned without a word'] : []),
    ...(revertTook !== undefined && revertBound !== undefined && revertTook > revertBound
      ? [`the old configuration was back after ${revertTook.toFixed(1)} s, not within ${revertBound} s`]
      : []),
  ];
}

const cutsTheWay = ({ fault }: Cell): boolean =>
  ['ssh-cut', 'reboot', 'power-cut', 'sudo-revoked'].includes(fault) || fault.startsWith('answer-');

/** A run that died before its journal, or that cannot reach the API server any more, has nobody to free it: it expires. */
const mayLeaveLock = ({ cell, run, resume, unbegun }: Evidence): boolean =>
  (run === undefined && unbegun) || (cell.fault === 'api-gone' && resume === undefined);

/** Steps before any host is begun: only there a run ends without a word about its host. */
const isBeforeHosts = ({ step }: Cell): boolean => step === 'connect' || step === 'probe';

/** What some faults must not be able to do. */
function expectations({ cell, run, intruder, intruderHeld }: Evidence): string[] {
  const found: string[] = [];
  const { fault, step } = cell;
  const expected = (outcome: string): void => {
    if (run?.outcome !== outcome)
      found.push(`this fault ends as ${outcome}, not as ${run?.outcome ?? 'nothing'}: ${run?.reason ?? ''}`);
  };
  // Only a cluster that cannot be asked ends a run before its hosts.
  if (run?.outcome === undefined && run !== undefined && !(fault === 'api-gone' && isBeforeHosts(cell)))
    found.push(`the run ended without a word about the host: ${run.reason}`);
  if (run?.outcome === 'unreachable' && !cutsTheWay(cell))
    found.push(`this fault does not make a host unreachable: ${run.reason}`);
  if (fault.startsWith('clock-')) expected('confirmed');
  if (run !== undefined && fault === 'hangs-on-stop') expected('confirmed');
  if (run !== undefined && fault === 'slow-start') expected('confirmed');
  if (run !== undefined && ['never-starts', 'kubelet-dies', 'cut-off'].includes(fault)) expected('reverted');
  // One that was killed under the gate is another process than the one that was started.
  if (fault === 'kubelet-killed' && step === 'gate' && run?.outcome === 'confirmed')
    found.push('confirmed a kubelet that died under the gate');
  if (fault === 'api-gone' && step === 'gate' && run?.outcome === 'confirmed')
    found.push('confirmed without the API server');
  if (intruder !== undefined && intruder.outcome !== 'refused')
    found.push(`the other operator was not refused: ${intruder.outcome ?? 'nothing'} ${intruder.reason}`);
  if (intruderHeld) expected('refused');
  return found;
}
