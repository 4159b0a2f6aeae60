/** The plan as text: edits as unified diffs, restarts, what may break, and what may overwrite the edits. */
import { manyLines } from '../lib/sanitize.js';
import type { FileEdit } from '../plan/file-edit.js';
import { clusterText } from './cluster-text.js';
import type { ServingPlan } from '../plan/serving-plan.js';
import { groupBy } from './group.js';
import { compress, hostList } from './host-list.js';
import { type TextOptions, count, paragraph, sectionsText } from './layout.js';
import type { PlanResult, ShownHost, ShownPlan } from './model.js';
import { notesText, notJudgedText } from './not-judged.js';
import { redact } from '../lib/redact.js';
import { type RolloutPace, aboutTime, rolloutTime } from '../plan/rollout-time.js';
import type { Style } from './style.js';
import { turnsText } from './turns-text.js';
import { unfixedSections } from './unfixed-text.js';
import { line } from './words.js';

/** Hosts with the same change. */
export interface PlanFold {
  readonly hosts: readonly string[];
  /** `node[01:31]: 31 nodes, the same change`: one line. */
  readonly title: string;
  /** With its diff; ends with a line feed. */
  readonly text: string;
}

/** Each different change of a plan, to be read one by one. */
export const planFolds = ({ hosts }: PlanResult<ShownHost>, options: TextOptions): PlanFold[] =>
  changeGroups(hosts).map((plans) => {
    const names = plans.map(({ host }) => host);
    const same = names.length === 1 ? acts(plans[0]) : sameChange(plans);
    const text = sectionsText([planSection(plans, hosts, options)]);
    return { hosts: names, title: `${hostList(names, 3)}: ${same}`, text };
  });

const sameChange = ({ length }: readonly ShownPlan[]): string => `${count(length, 'node')}, the same change`;

const plansOf = (hosts: readonly ShownHost[]): ShownPlan[] =>
  hosts.flatMap(({ plan, refused }) => (plan === undefined || refused !== undefined ? [] : [plan]));

const changeGroups = (hosts: readonly ShownHost[]): ShownPlan[][] => groupBy(plansOf(hosts).filter(changes), planKey);

/**
 * Wraps at `width` columns, except diffs. Hosts with the same plan share a section. With `folded`, several different changes are
 * told without their diffs. Ends with a line feed.
 */
export function planText(result: PlanResult<ShownHost>, options: TextOptions, folded = false): string {
  const { hosts } = result;
  const unchanged = plansOf(hosts)
    .filter((plan) => !changes(plan))
    .map(({ host }) => host);
  const groups = changeGroups(hosts);
  const isFolded = folded && groups.length > 1;
  const sections = [
    ...groups.map((plans) => planSection(plans, hosts, options, isFolded)),
    unchanged.length === 0 ? [] : paragraph('Nothing to change: ', hostList(unchanged), options.width),
    refusedSection(hosts, options),
    ...unfixedSections(hosts, options),
    notJudgedText(hosts, options),
    clusterText(result.clusterFindings, options),
    notesText(result, options),
    wavesSection(result.waves, options),
    summaryLines(result, options),
    nextLine(result, options),
  ];
  return sectionsText(sections);
}

const changes = (plan: ShownPlan): boolean => plan.edits.length > 0 || plan.restart;

/** The visible part of a plan: hosts whose files differ outside the diff still share a section. */
const planKey = ({
  distro,
  unit,
  edits,
  restart,
  reload,
  fixes,
  mayBreak,
  overwrittenBy,
  warnings,
  skippedRules,
  serving,
}: ShownPlan): string =>
  JSON.stringify([
    edits.map(({ path, action, before, after, diff }) => [
      path,
      action,
      before?.mode,
      before?.owner,
      after.mode,
      after.owner,
      diff,
    ]),
    [distro, unit, restart, reload, fixes, mayBreak, overwrittenBy, warnings, skippedRules, serving],
  ]);

/** `2 edits, restart of kubelet.service`. */
const acts = (plan: ShownPlan | undefined): string =>
  plan === undefined
    ? ''
    : [
        ...(plan.edits.length === 0 ? [] : [count(plan.edits.length, 'edit')]),
        plan.restart ? `${plan.reload ? 'daemon-reload, ' : ''}restart of ${line(plan.unit)}` : 'no restart',
      ].join(', ');

function planSection(
  plans: readonly ShownPlan[],
  hosts: readonly ShownHost[],
  options: TextOptions,
  isFolded = false,
): string[] {
  const [plan] = plans;
  if (plan === undefined) return [];
  const { style, width } = options;
  const names = plans.map(({ host }) => host);
  // Told with all others that stay as they are.
  const isTold = hosts.some(({ host, unfixed }) => host === plan.host && unfixed !== undefined);
  const why = plan.edits.length === 0 ? ' (running settings differ from files)' : '';
  return [
    ...paragraph('', `${hostList(names)} (${plan.distro}): ${acts(plan)}${why}`, width).map(style.bold),
    ...(isFolded && names.length > 1 ? [`  ${sameChange(plans)}`] : []),
    ...list('fixes', plan.fixes.length === 0 ? [] : [plan.fixes.join(', ')], width),
    ...list('requests', plan.serving === undefined ? [] : [servingText(plan.serving)], width),
    ...list('may break', plan.mayBreak, width).map(style.yellow),
    ...list('note', plan.overwrittenBy, width).map(style.yellow),
    ...list('! warning', plan.warnings, width).map(style.red),
    ...list(
      '! skipped',
      (isTold ? [] : (plan.skippedRules ?? [])).map(({ rule, reason, hint }) => `${rule}: ${reason}; ${hint}`),
      width,
    ).map(style.red),
    ...(isFolded ? [] : plan.edits.flatMap((edit) => editLines(edit, style))),
  ];
}

const servingText = ({ certDir }: ServingPlan): string =>
  `a serving certificate from the cluster, before anything changes; creates kubelet-server.crt and kubelet-server.key in ${certDir}`;

const list = (label: string, items: readonly string[], width: number): string[] =>
  items.flatMap((item) => paragraph(`  ${label}: `, line(item, 600), width));

function editLines(edit: FileEdit, style: Style): string[] {
  const path = line(edit.path);
  const { before, after } = edit;
  const meta = [
    ...(before === null ? [`new file, mode ${after.mode}, ${after.owner}`] : []),
    ...(before === null || before.mode === after.mode ? [] : [`mode ${before.mode} -> ${after.mode}`]),
    ...(before === null || before.owner === after.owner ? [] : [`owner ${before.owner} -> ${after.owner}`]),
  ].map((text) => `~ ${path}: ${line(text)}`);
  return [...meta.map(style.yellow), ...(edit.action === 'mode' ? [] : diffLines(unifiedPart(edit.diff), style))];
}

/** Drops the mode and owner line, which is printed above the diff already. */
const unifiedPart = (diff: string): string => diff.slice(Math.max(diff.search(/^--- /m), 0));

/** The lines of a diff, safe to print. They keep their `+` and `-`, so the diff reads the same without colour. */
export function diffLines(diff: string, style: Style): string[] {
  return redact(manyLines(diff, Infinity))
    .trimEnd()
    .split('\n')
    .map((text) => {
      if (/^(\+\+\+|---) /.test(text)) return style.bold(text.trimEnd());
      if (text.startsWith('@@')) return style.dim(text);
      if (text.startsWith('+')) return style.green(text);
      return text.startsWith('-') ? style.red(text) : text;
    });
}

function refusedSection(hosts: readonly ShownHost[], { style, width }: TextOptions): string[] {
  const refused = hosts.flatMap(({ host, refused: why }) => (why === undefined ? [] : [{ host, why }]));
  if (refused.length === 0) return [];
  const lines = groupBy(refused, ({ why }) => JSON.stringify(why)).flatMap((group) => [
    ...paragraph('! ', hostList(group.map(({ host }) => host)), width).map(style.red),
    ...paragraph('    ', line(group[0]?.why.reason ?? ''), width),
    ...paragraph('    hint: ', line(group[0]?.why.hint ?? ''), width),
  ]);
  return [style.bold('Refused: these hosts will not be changed'), ...lines];
}

/** How long the waves take, and why. */
function timeLines(waves: PlanResult['waves'], pace: RolloutPace, width: number): string[] {
  const sizes = waves.map((names) => names.length);
  const hosts = sizes.reduce((sum, size) => sum + size, 0);
  const atOnce = Math.min(pace.atOnce, Math.max(...sizes));
  const why = [
    `${count(hosts, 'host')} in ${count(sizes.length, 'wave')}`,
    `${atOnce === 1 ? 'one' : `at most ${atOnce}`} at a time`,
    `about ${Math.round(pace.perHost / 1000)} s each for the restart and the health checks`,
  ];
  const turns = turnsText(sizes, pace);
  return [
    ...paragraph('  ', `Takes ${aboutTime(rolloutTime(sizes, pace))}: ${why.join(', ')}`, width),
    ...(turns === undefined ? [] : paragraph('  ', `${turns.charAt(0).toUpperCase()}${turns.slice(1)}`, width)),
  ];
}

function wavesSection(waves: PlanResult['waves'], { style, width, pace }: TextOptions): string[] {
  if (waves.length === 0) return [];
  const lines = waves.flatMap((names, i) =>
    paragraph(`  ${i + 1}. `, `${compress(names).join(',')} (${count(names.length, 'host')})`, width),
  );
  return [
    ...paragraph('', 'Waves (each starts after the previous one passed its health checks)', width).map(style.bold),
    ...lines,
    ...(pace === undefined ? [] : timeLines(waves, pace, width)),
  ];
}

/** Only where there is something to change; a command is not wrapped, so that it can be copied. */
const nextLine = ({ summary }: PlanResult<ShownHost>, { next, style }: TextOptions): string[] =>
  next === undefined || summary.change === 0 ? [] : [`${style.bold('next:')} ${next}`];

function summaryLines({ summary, hosts }: PlanResult<ShownHost>, { style, width }: TextOptions): string[] {
  if (hosts.length === 0) return ['Plan: no hosts'];
  const { change, restarts, unchanged, refused, notJudged } = summary;
  const isControlPlane = ({ role, plan, refused }: ShownHost): boolean =>
    role === 'control-plane' && refused === undefined && plan !== undefined && changes(plan);
  const controlPlane = hosts.filter(isControlPlane).length;
  const parts = [
    change === 0
      ? 'nothing to change'
      : `change ${count(change, 'host')}${controlPlane === 0 ? '' : ` (${controlPlane} control-plane)`}`,
    ...(restarts === 0 ? [] : [count(restarts, 'restart')]),
    ...(unchanged === 0 ? [] : [`${unchanged} unchanged`]),
    ...(refused === 0 ? [] : [`${refused} refused`]),
    ...(notJudged === 0 ? [] : [`${notJudged} not judged`]),
  ];
  return paragraph('', `Plan: ${parts.join(', ')}`, width).map(style.bold);
}
