/** A plan for a person: the exact edits as unified diffs, what restarts, what may break and what takes the edits back. */
import { manyLines } from '../lib/sanitize.js';
import type { FileEdit } from '../plan/file-edit.js';
import type { HostPlan } from '../plan/host-plan.js';
import { groupBy } from './group.js';
import { compress, hostList } from './host-list.js';
import { type TextOptions, count, paragraph } from './layout.js';
import type { HostPlanned, PlanResult } from './model.js';
import { notesText, notJudgedText } from './not-judged.js';
import { redact } from '../lib/redact.js';
import type { Style } from './style.js';
import { line } from './words.js';

/** Lines fit `width`, but for those of diffs. Hosts with the same plan share one section. Ends with a line feed. */
export function planText(result: PlanResult, options: TextOptions): string {
  const { hosts } = result;
  const plans = hosts.flatMap(({ plan, refused }) => (plan === undefined || refused !== undefined ? [] : [plan]));
  const planned = plans.filter(changes);
  const unchanged = plans.filter((plan) => !changes(plan)).map(({ host }) => host);
  const groups = groupBy(planned, planKey);
  const sections = [
    ...groups.map((plans) => planSection(plans, options)),
    unchanged.length === 0 ? [] : paragraph('Nothing to change: ', hostList(unchanged), options.width),
    refusedSection(hosts, options),
    notJudgedText(hosts, options),
    notesText(result, options),
    wavesSection(result.waves, options),
    summaryLines(result, options),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

const changes = (plan: HostPlan): boolean => plan.edits.length > 0 || plan.restart;

/** What a person sees of a plan: hosts whose files differ elsewhere still share a section. */
const planKey = ({
  distro,
  unit,
  edits,
  restart,
  reload,
  fixes,
  mayBreak,
  undoneBy,
  warnings,
  leftOut,
}: HostPlan): string =>
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
    [distro, unit, restart, reload, fixes, mayBreak, undoneBy, warnings, leftOut],
  ]);

function planSection(plans: readonly HostPlan[], options: TextOptions): string[] {
  const [plan] = plans;
  if (plan === undefined) return [];
  const { style, width } = options;
  const names = plans.map(({ host }) => host);
  const acts = [
    ...(plan.edits.length === 0 ? [] : [count(plan.edits.length, 'edit')]),
    plan.restart ? `${plan.reload ? 'daemon-reload, ' : ''}restart of ${line(plan.unit)}` : 'no restart',
  ].join(', ');
  const why = plan.edits.length === 0 ? ' (what runs is not what its files say)' : '';
  return [
    ...paragraph('', `${hostList(names)} (${plan.distro}): ${acts}${why}`, width).map(style.bold),
    ...list('closes', plan.fixes.length === 0 ? [] : [plan.fixes.join(', ')], width),
    ...list('may break', plan.mayBreak, width).map(style.yellow),
    ...list('undone by', plan.undoneBy, width).map(style.yellow),
    ...list('! warning', plan.warnings, width).map(style.red),
    ...list(
      '! left out',
      (plan.leftOut ?? []).map(({ rule, reason, hint }) => `${rule}: ${reason}; ${hint}`),
      width,
    ).map(style.red),
    ...plan.edits.flatMap((edit) => editLines(edit, style)),
  ];
}

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

/** Without the words about mode and owner, which stand above it already. */
const unifiedPart = (diff: string): string => diff.slice(Math.max(diff.search(/^--- /m), 0));

/** A diff that is safe to print; lines keep their marks, so colour only helps. */
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

function refusedSection(hosts: readonly HostPlanned[], { style, width }: TextOptions): string[] {
  const refused = hosts.flatMap(({ name, refused: why }) => (why === undefined ? [] : [{ name, why }]));
  if (refused.length === 0) return [];
  const lines = groupBy(refused, ({ why }) => JSON.stringify(why)).flatMap((group) => [
    ...paragraph('! ', hostList(group.map(({ name }) => name)), width).map(style.red),
    ...paragraph('    ', line(group[0]?.why.reason ?? ''), width),
    ...paragraph('    hint: ', line(group[0]?.why.hint ?? ''), width),
  ]);
  return [style.bold('Refused: no edit is made there'), ...lines];
}

function wavesSection(waves: PlanResult['waves'], { style, width }: TextOptions): string[] {
  if (waves.length === 0) return [];
  const lines = waves.flatMap((names, i) =>
    paragraph(`  ${i + 1}. `, `${compress(names).join(',')} (${count(names.length, 'host')})`, width),
  );
  return [style.bold('Waves, each after the one before was proved healthy'), ...lines];
}

function summaryLines({ summary, hosts }: PlanResult, { style, width }: TextOptions): string[] {
  if (hosts.length === 0) return ['Plan: no hosts'];
  const { change, restarts, controlPlaneRestarts, unchanged, refused, notJudged } = summary;
  const parts = [
    change === 0 ? 'nothing to change' : `${count(change, 'host')} to change`,
    ...(restarts === 0 ? [] : [count(restarts, 'restart')]),
    ...(controlPlaneRestarts === 0 ? [] : [`${controlPlaneRestarts} of control plane`]),
    ...(unchanged === 0 ? [] : [`${unchanged} unchanged`]),
    ...(refused === 0 ? [] : [`${refused} refused`]),
    ...(notJudged === 0 ? [] : [`${notJudged} not judged`]),
  ];
  return paragraph('', `Plan: ${parts.join(', ')}`, width).map(style.bold);
}
