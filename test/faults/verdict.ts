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
  /** Seconds from the loss of the controller until the kubelet ran its old configuration. */
  readonly revertTook: number | undefined;
  /** Seconds; undefined where no promise is made. */
  readonly revertBound: number | undefined;
  /** What the other operator was told, where the node was taken. */
  readonly intruder: Said | undefined;
}

const settled: readonly (string | undefined)[] = ['confirmed', 'unchanged'];
const oldOutcomes: readonly (string | undefined)[] = ['reverted', 'failed', 'refused', 'unreachable', 'skipped'];

/** What is wrong, a line each; none is a green cell. */
export function problemsOf(evidence: Evidence): string[] {
  return [
    ...(evidence.reached ? [] : ['the tool never came to this step']),
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
  if (outcome === 'confirmed' && files !== 'new') found.push(`${who} said confirmed, and the files are ${files}`);
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

function nodeProblems({ run, resume, leftovers, cordoned, revertTook, revertBound }: Evidence): string[] {
  const { staged, units, pending, stuck } = leftovers;
  return [
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

/** What some faults must not be able to do. */
function expectations({ cell, run, intruder }: Evidence): string[] {
  const found: string[] = [];
  // Only a cluster that cannot be asked ends a run before its hosts.
  if (run?.outcome === undefined && run !== undefined && cell.fault !== 'api-gone')
    found.push(`the run ended without a word about the host: ${run.reason}`);
  if (run?.outcome === 'unreachable' && !cutsTheWay(cell))
    found.push(`this fault does not make a host unreachable: ${run.reason}`);
  if (cell.fault.startsWith('clock-') && run?.outcome !== 'confirmed')
    found.push(`a clock that is wrong is no reason for ${run?.outcome ?? 'no outcome'}: ${run?.reason ?? ''}`);
  if (intruder !== undefined && intruder.outcome === 'confirmed') found.push('two operators changed the node at once');
  return found;
}
