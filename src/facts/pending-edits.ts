/** Edits that the running kubelet has not read: what a restart would put into effect besides the plan's own changes. Pure. */
import { type ChangeSinceStart, changeSinceStart } from './changed-since.js';
import { shortValue } from './config-fields.js';
import type { KubeletSetup } from './kubelet-setup.js';
import type { NodeFacts, ProcessFact } from './node-facts.js';
import { type Configz, type Difference, runningDifferences } from './running-differences.js';
import { unitCommand, unitPaths } from './unit-command.js';
import { unverifiableIn } from './unverifiable-edits.js';
import { isShownSetting } from './shown-values.js';
import type { Value } from './value.js';

export interface PendingChange {
  /** The path of a setting, or a flag without a field, with its dashes. */
  readonly setting: string;
  readonly running: Value;
  readonly next: Value;
}

export interface PendingEdit {
  /** The file, or the unit that was not reloaded. */
  readonly path: string;
  readonly line?: number | undefined;
  /** What happened to it, such as `was changed after the kubelet started`. */
  readonly what: string;
  /** Inferred from what the kubelet reports, because no file time shows it. */
  readonly inferred?: true | undefined;
  /** What a restart would change. Undefined if that is unknown. */
  readonly changes: readonly PendingChange[] | undefined;
  /** Directives, variables or keys in the file that the running kubelet may or may not have read. */
  readonly unverifiable?: readonly string[] | undefined;
}

/** All pending edits; files in the order in which they are read. */
export function pendingEdits(facts: NodeFacts, setup: KubeletSetup, configz: Configz): PendingEdit[] {
  const { process } = setup;
  if (process === undefined) return editsSinceStop(setup);
  const differences = runningDifferences({ facts, setup, process }, configz);
  const found = [
    ...replacedProgram(process),
    ...changedFiles(facts, setup, process, { configz, differences }),
    ...changedScript(facts, setup, process),
  ];
  const { unit } = setup;
  if (unit.needsReload && !found.some(({ path }) => path.includes('/systemd/'))) {
    found.push({ path: unit.fragmentPath ?? unit.name, what: 'was changed and not reloaded', changes: undefined });
  }
  return withInferredEdits(found, differences, unit.name);
}

/** Without a running kubelet there is nothing to compare with: a start would put every edit since its last run into effect. */
function editsSinceStop({ unit, watch }: KubeletSetup): PendingEdit[] {
  if (unit.mainPid > 0 && watch.child !== true) return [];
  const what = unit.mainPid > 0 ? 'runs no kubelet at the moment' : 'is not running';
  return [{ path: unit.name, what, inferred: true, changes: undefined }];
}

function replacedProgram({ exe }: ProcessFact): PendingEdit[] {
  if (!exe.endsWith(' (deleted)')) return [];
  const path = exe.replace(/ \(deleted\)$/, '');
  const what = 'was replaced while the kubelet was running, so a restart starts a different program';
  return [{ path, what, changes: undefined }];
}

const changeText: Readonly<Record<ChangeSinceStart, string>> = {
  edited: 'was changed after the kubelet started',
  touched: 'was replaced or touched after the kubelet started, but has an older modification time',
};

interface Shown {
  readonly configz: Configz;
  readonly differences: readonly Difference[] | undefined;
}

function changedFiles(facts: NodeFacts, setup: KubeletSetup, process: ProcessFact, shown: Shown): PendingEdit[] {
  return [...new Set(setup.configPaths)].flatMap((path): PendingEdit[] => {
    const file = facts.files.get(path);
    const change = file?.kind === 'file' ? changeSinceStart(file, process) : undefined;
    if (change === undefined) return [];
    const changes = changesIn(setup, path, shown);
    // A chmod also changes this time.
    if (change === 'touched' && changes?.length === 0) return [];
    const unverifiable = change === 'touched' ? [] : unverifiableIn(facts, setup, path);
    return [{ path, what: changeText[change], changes, ...(unverifiable.length > 0 ? { unverifiable } : {}) }];
  });
}

/** Without configz only arguments can be compared, which say nothing about configuration files. */
function changesIn({ sources }: KubeletSetup, path: string, { configz, differences }: Shown): PendingEdit['changes'] {
  const isConfig = [sources.config, ...sources.dropIns].some((one) => one?.path === path);
  if (configz === undefined && isConfig) return undefined;
  return differences?.filter((one) => one.path === path).map(plain);
}

const plain = ({ setting, running, next }: Difference): PendingChange => ({ setting, running, next });

/** A script that the unit runs may set different flags at the next start. */
function changedScript(facts: NodeFacts, setup: KubeletSetup, process: ProcessFact): PendingEdit[] {
  const { unit } = setup;
  const path = unitPaths(unit).length === 0 ? undefined : unitCommand(facts, unit).program?.text;
  const file = path === undefined ? undefined : facts.files.get(path);
  if (path === undefined || file?.kind !== 'file' || process.exe.startsWith(path)) return [];
  const change = changeSinceStart(file, process);
  return change === undefined ? [] : [{ path, what: changeText[change], changes: undefined }];
}

/** Differences that no changed file explains: a line was removed from a file, or a file changed without a newer time. */
function withInferredEdits(
  found: readonly PendingEdit[],
  differences: readonly Difference[] | undefined,
  unit: string,
): PendingEdit[] {
  const unexplained = (differences ?? []).filter((one) => !found.some(({ path }) => path === one.path));
  if (unexplained.length === 0) return [...found];
  const [first, ...rest] = found;
  if (first?.changes !== undefined)
    return [{ ...first, changes: [...first.changes, ...unexplained.map(plain)] }, ...rest];
  const byPlace = unexplained.map((one): PendingEdit => {
    const what =
      one.path === undefined ? 'would start the kubelet with different arguments' : 'differs from the running kubelet';
    return { path: one.path ?? unit, line: one.line, what, inferred: true, changes: [plain(one)] };
  });
  return [...found, ...byPlace];
}

/** For example `a restart changes maxPods from 110 to 200, --node-ip from "10.0.0.1" to nothing`. */
export function changesText(
  { changes, unverifiable = [] }: Pick<PendingEdit, 'changes' | 'unverifiable'>,
  showValues = false,
): string {
  if (changes === undefined) return 'it is unknown what a restart would change';
  const texts = changes.map(({ setting, running, next }) => {
    const told = (value: Value): string => orNothing(value, showValues || isShownSetting(setting));
    return `${setting} from ${told(running)} to ${told(next)}`;
  });
  const unknown =
    unverifiable.length === 0
      ? undefined
      : `it is unknown whether the running kubelet already uses its ${listed(unverifiable)}`;
  if (texts.length > 0) return [`a restart changes ${listed(texts)}`, unknown].filter(Boolean).join('; ');
  return unknown ?? 'no setting differs from the running kubelet';
}

const maxListed = 4;

const listed = (texts: readonly string[]): string =>
  texts.slice(0, maxListed).join(', ') + (texts.length > maxListed ? ` and ${texts.length - maxListed} more` : '');

const orNothing = (value: Value, isShown: boolean): string =>
  value === null ? 'nothing' : isShown ? shortValue(value) : '***';
