/** What to change on one node so that its playbooks' rules hold: exact edits, proved by judging the node as it will be. Pure. */
import { type KubeletPorts, portsOf } from '../facts/kubelet-ports.js';
import type { WatchTarget } from '../facts/kubelet-setup.js';
import type { Role } from '../inventory/host.js';
import { effectiveSetting } from '../facts/effective-kubelet.js';
import { sameSetting } from '../facts/same-setting.js';
import { settingByPath } from '../facts/settings.js';
import type { Distro, Wishes } from '../distros/distro.js';
import { type NodeView, assess } from '../playbook/assess.js';
import type { Playbook, Rule } from '../playbook/schema.js';
import { type ClientCaEvidence, clientCaProblem } from './client-ca.js';
import { type FileEdit, editsBetween } from './file-edit.js';
import { type Draft, type Expectation, differs, expectations, isOutdated, promises, stillFails } from './promises.js';
import { idsOf, withMode, withText } from './simulate.js';

export interface HostPlan {
  readonly host: string;
  readonly distro: string;
  readonly unit: string;
  /** The Node object, where the API server or the node itself told. */
  readonly nodeName: string | undefined;
  readonly role: Role;
  readonly watch: WatchTarget;
  readonly ports: KubeletPorts;
  readonly edits: readonly FileEdit[];
  /** The kubelet has to be restarted: its configuration changes, or what runs is older than its files. */
  readonly restart: boolean;
  /** Unit files change: systemd has to read them again first. */
  readonly reload: boolean;
  readonly expect: readonly Expectation[];
  /** Rules whose findings this plan ends, by id. */
  readonly fixes: readonly string[];
  readonly mayBreak: readonly string[];
  /** What will later take the edits back. */
  readonly undoneBy: readonly string[];
  /** Worth a look before going on, though nothing forbids it. */
  readonly warnings: readonly string[];
  /** Rules whose findings stay, since something has to be done by hand first. */
  readonly leftOut?: readonly LeftOut[] | undefined;
}

export interface LeftOut extends PlanRefusal {
  readonly rule: string;
}

export interface PlanRefusal {
  readonly reason: string;
  readonly hint: string;
}

export type Planned = { readonly plan: HostPlan } | { readonly refused: PlanRefusal };

/** More steps than any node can need for one setting; a bound, should an edit not take effect. */
const mostSteps = 12;

export function planHost(
  { host, nodeName, role }: { readonly host: string; readonly nodeName: string | undefined; readonly role: Role },
  view: NodeView,
  distro: Distro,
  playbooks: readonly Playbook[],
  evidence: ClientCaEvidence,
  wishes?: Wishes,
): Planned {
  const fault = view.setup.sources.faults[0];
  if (fault !== undefined) {
    const place = fault.line === undefined ? fault.path : `${fault.path}:${fault.line}`;
    return { refused: { reason: `${place}: ${fault.message}`, hint: 'correct it by hand and plan again' } };
  }
  const failing = playbooks.flatMap((playbook) => failingRules(view, playbook));
  if (view.setup.unchangeable !== undefined && (failing.length > 0 || differs(view, promises(playbooks, view)))) {
    return { refused: view.setup.unchangeable };
  }
  const draft: Draft = { facts: view.facts, setup: view.setup };
  const changedRules = new Set<Rule>();
  const leftOut = new Map<Rule, LeftOut>();
  for (const rule of failing) {
    const unmet = obstacleOf(draft, distro, rule);
    if (unmet !== undefined) {
      leftOut.set(rule, { rule: rule.id, ...unmet });
      continue;
    }
    const refused = rule.kind === 'setting' ? applySetting(draft, distro, rule, wishes) : applyMode(draft, rule);
    if (refused !== undefined) return { refused: { ...refused, reason: `${rule.id}: ${refused.reason}` } };
    changedRules.add(rule);
  }
  const edits = editsBetween(view.facts, draft.facts);
  const twice = edits.find((edit, index) => edits.findIndex(({ path }) => path === edit.path) < index);
  if (twice !== undefined) {
    const reason = `${twice.path} is reached by two names, and both would be edited`;
    return { refused: { reason, hint: 'edit it by hand and plan again' } };
  }
  const promised = promises(playbooks, view).filter((rule) => !leftOut.has(rule));
  const broken = promised.find((rule) => stillFails(view, draft, rule));
  if (broken !== undefined) {
    const reason = `${broken.id} would still not hold after the edits: two rules may contradict each other`;
    return { refused: { reason, hint: 'leave one of the playbooks out, or correct the rule' } };
  }
  const expect = expectations(draft.setup, promised);
  const contentChanged = edits.some((edit) => edit.action !== 'mode');
  const restart = contentChanged || isOutdated(view, expect);
  const [first] = leftOut.values();
  if (first !== undefined && edits.length === 0 && !restart) {
    return { refused: { reason: `${first.rule}: ${first.reason}`, hint: first.hint } };
  }
  const hazard = restart ? view.setup.restartHazard : undefined;
  if (hazard !== undefined)
    return { refused: { reason: hazard, hint: 'set KillMode=process in a drop-in of the unit first' } };
  const ca = restart ? clientCaProblem(draft.facts, draft.setup, evidence) : {};
  if (ca.blocks !== undefined) return { refused: ca.blocks };
  return {
    plan: {
      host,
      nodeName,
      role,
      watch: view.setup.watch,
      ports: portsOf(view.setup.sources, view.facts),
      distro: view.setup.distro,
      unit: view.setup.unit.name,
      edits,
      restart,
      reload:
        edits.some((edit) => /\.(service|conf)$/.test(edit.path) && edit.path.includes('/systemd/')) ||
        view.setup.unit.needsReload,
      expect,
      fixes: [...changedRules].map((rule) => rule.id),
      mayBreak: unique([...changedRules].flatMap((rule) => rule.mayBreak ?? [])),
      undoneBy: distro.undoneBy(
        view.setup,
        edits.map((edit) => edit.path),
      ),
      warnings: ca.warning === undefined ? [] : [ca.warning],
      leftOut: [...leftOut.values()],
    },
  };
}

/** Rules that fail and that apply may mend. A rule that could not be judged is not mended either: its node is reported. */
function failingRules(view: NodeView, playbook: Playbook): Rule[] {
  const findings = assess(view, playbook);
  return playbook.rules.filter((rule, index) => findings[index]?.status === 'fail' && isMendable(rule));
}

const isMendable = (rule: Rule): boolean =>
  (rule.kind === 'setting' && rule.set !== undefined && settingByPath.has(rule.setting)) ||
  (rule.kind === 'file' && rule.fix);

/** What has to be done by hand before a rule's value may be written. */
function obstacleOf(draft: Draft, distro: Distro, rule: Rule): PlanRefusal | undefined {
  if (rule.kind !== 'setting' || rule.set === undefined) return undefined;
  const info = settingByPath.get(rule.setting);
  return info === undefined ? undefined : distro.unmet?.(draft.facts, info, rule.set);
}

function applySetting(draft: Draft, distro: Distro, rule: Rule, wishes?: Wishes): PlanRefusal | undefined {
  if (rule.kind !== 'setting' || rule.set === undefined) return undefined;
  const info = settingByPath.get(rule.setting);
  if (info === undefined) return undefined;
  for (let step = 0; step < mostSteps; step += 1) {
    if (sameSetting(effectiveSetting(draft.setup.sources, info).value, rule.set)) return undefined;
    const change = distro.change(draft.facts, draft.setup, info, rule.set, wishes);
    if (!change.ok) return { reason: change.error, hint: 'correct the file by hand and plan again' };
    for (const one of change.value) draft.facts = withText(draft.facts, draft.setup.unit.name, one);
    const setup = distro.detect(draft.facts);
    const fault = setup?.sources.faults[0];
    if (setup === undefined || fault !== undefined) {
      return { reason: `the edit would leave ${fault?.path ?? 'the unit'} unusable`, hint: 'edit it by hand' };
    }
    draft.setup = setup;
  }
  return {
    reason: `no edit was found that makes ${rule.setting} ${JSON.stringify(rule.set)}`,
    hint: 'edit the node by hand',
  };
}

function applyMode(draft: Draft, rule: Rule): PlanRefusal | undefined {
  if (rule.kind !== 'file') return undefined;
  const path = draft.setup.files[rule.file.path];
  const file = path === undefined ? undefined : draft.facts.files.get(path);
  if (path === undefined || file?.kind !== 'file') return undefined;
  const mode = rule.file.mode === undefined ? file.mode : tightened(file.mode, rule.file.mode.atMost);
  const owner = rule.file.owner ?? file.owner;
  if (owner !== file.owner && idsOf(draft.facts, owner) === undefined) {
    const reason = `${path}: the numbers of ${owner} on this node are not known`;
    return { reason, hint: `chown ${owner} ${path} by hand, then plan again` };
  }
  draft.facts = withMode(draft.facts, path, mode, owner);
  return undefined;
}

/** A mode without the bits that `atMost` forbids. */
const tightened = (mode: string, atMost: string): string =>
  (parseInt(mode, 8) & parseInt(atMost, 8)).toString(8).padStart(4, '0');

const unique = <T>(list: readonly T[]): T[] => [...new Set(list)];
