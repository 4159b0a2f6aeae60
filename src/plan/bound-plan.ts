/** Checks that a saved plan still matches the node: its files, their bytes, and the resulting diff. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Editable } from '../distros/distro.js';
import type { FileStat, NodeFacts } from '../facts/node-facts.js';
import { sha256Of } from '../lib/digest.js';
import type { NodeView } from '../playbook/assess.js';
import { metaAsShown, shownForms } from './diff-as-shown.js';
import { editFault } from './edit-limits.js';
import { type FileEdit, stateOf } from './file-edit.js';
import { editedGuards } from './guard-plan.js';
import { type HostPlan, type PlanRefusal, untouchedSources } from './host-plan.js';
import { servingHere } from './serving-plan.js';
import { nextCommand } from '../lib/next-command.js';

const replan = (): string => `make a new plan: ${nextCommand('plan', '--out', 'FILE')}`;
const distrust = 'do not trust this file; make a new plan and review it';

/** Why a saved plan must not be applied to this node. Undefined if it may. */
export function mismatch(plan: HostPlan, view: NodeView, editable: Editable): PlanRefusal | undefined {
  const { setup, facts } = view;
  if (setup.unchangeable !== undefined) return setup.unchangeable;
  if (plan.distro !== setup.distro || plan.unit !== setup.unit.name) {
    const reason = `the plan is for ${plan.distro} in ${plan.unit}, but the node runs ${setup.distro} in ${setup.unit.name}`;
    return { reason, hint: replan() };
  }
  if (!isDeepStrictEqual(wordsOf(plan.watch), wordsOf(setup.watch))) {
    const reason = `the plan watches a different process than the kubelet of ${setup.unit.name}`;
    return { reason, hint: distrust };
  }
  for (const edit of plan.edits) {
    const refusal = editMismatch(edit, facts, editable);
    if (refusal !== undefined) return refusal;
  }
  if (plan.serving !== undefined && !isDeepStrictEqual(plan.serving, servingHere(setup))) {
    return { reason: 'the plan requests a certificate for another folder or kubeconfig', hint: replan() };
  }
  const unguarded = editedGuards(plan).find((kind) => plan.guards?.includes(kind) !== true);
  if (unguarded !== undefined)
    return { reason: `the plan writes a ${unguarded} that its gate would not check`, hint: distrust };
  return plan.restart ? missingSource(plan, view) : undefined;
}

const wordsOf = ({ unit, processName, logPath, child }: HostPlan['watch']): unknown => [
  unit,
  processName,
  logPath ?? null,
  child ?? null,
];

function editMismatch(edit: FileEdit, facts: NodeFacts, { texts, modes }: Editable): PlanRefusal | undefined {
  const { path, action } = edit;
  if (!(action === 'mode' ? modes : texts).has(path)) {
    const what = action === 'mode' ? 'mode or owner' : 'content';
    return { reason: `${path}: kubelatch never changes the ${what} of this file on this node`, hint: distrust };
  }
  const fault = editFault(edit);
  if (fault !== undefined) return { reason: fault, hint: distrust };
  const file = fileAt(facts, path);
  if (!isAsPlanned(edit, file)) return { reason: `${path} changed since the plan was made`, hint: replan() };
  const isShown = shownDiffs(edit, file).includes(edit.diff);
  return isShown
    ? undefined
    : { reason: `${path}: the diff in the plan does not match the planned text`, hint: distrust };
}

/** Finds the file by the name in the probe's answer, or by the target of a link with that name. */
function fileAt(facts: NodeFacts, path: string): FileStat | undefined {
  for (const [name, file] of facts.files) {
    if (file.kind === 'file' && (file.linkTarget ?? name) === path) return file;
  }
  return undefined;
}

function isAsPlanned({ action, before }: FileEdit, file: FileStat | undefined): boolean {
  if (before === null || file === undefined) return before === null && file === undefined;
  const { sha256: planned, ...meta } = before;
  const { sha256: told, ...now } = stateOf(file);
  // If the node's bytes are known, their own hash is used instead of the one the node reports.
  const sha256 = file.content === undefined ? told : sha256Of(file.content);
  const isRead = action === 'mode' || file.content !== undefined;
  return isRead && isDeepStrictEqual(meta, now) && planned === sha256;
}

function shownDiffs({ path, before, after, text }: FileEdit, file: FileStat | undefined): readonly string[] {
  const meta = metaAsShown(path, before, after);
  if (text === undefined) return [meta];
  const old = before === null ? undefined : file?.content?.toString('utf8');
  return shownForms(path, old, text).map((diff) => meta + diff);
}

/** A file that the restarted kubelet reads but whose state the plan does not record, so that it may have changed since. */
function missingSource({ sources = [], edits }: HostPlan, view: NodeView): PlanRefusal | undefined {
  const named = new Set(sources.map(({ path }) => path));
  const missing = untouchedSources(view, edits).find(({ path }) => !named.has(path));
  return (
    missing && { reason: `the kubelet reads ${missing.path}, but the plan does not record its state`, hint: replan() }
  );
}
