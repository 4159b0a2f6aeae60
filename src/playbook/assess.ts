/** Judges one node against a playbook. Pure: facts in, findings out. A value that could not be read never passes. */
import { at } from '../facts/value.js';
import { outdatedReason } from '../facts/not-in-effect.js';
import type { Configz } from '../facts/running-differences.js';
import {
  type Setting,
  type Source,
  configzValue,
  unknownDefaultReason,
  effectiveSetting,
  flagOnly,
} from '../facts/effective-kubelet.js';
import type { ExposedPorts } from '../facts/exposed-ports.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts } from '../facts/node-facts.js';
import { differingSettings } from '../facts/running-flags.js';
import { type SettingInfo, settingByPath } from '../facts/settings.js';
import { satisfies } from '../lib/kube-version.js';
import { readOnlyPortSeen } from './exposure.js';
import { guardTexts, judgeGuard } from './network-rule.js';
import type { FileRule, Playbook, References, Rule, SettingRule, Severity } from './schema.js';
import { type RuleWant, meetsWant, ruleWant, settingMeets } from './want.js';

export type FindingStatus = 'pass' | 'fail' | 'unknown' | 'not-applicable';

export interface Finding extends RuleWant {
  readonly rule: string;
  readonly playbook: string;
  readonly title: string;
  readonly severity: Severity;
  readonly status: FindingStatus;
  /** What the rule is about: a path in KubeletConfiguration, `flags.<name>` or a file. Undefined for manual rules and port probes. */
  readonly setting: string | undefined;
  /** The value found. Undefined if none could be. */
  readonly got: unknown;
  readonly source: Source | undefined;
  /** The reason for the status, if the values alone do not show it. */
  readonly note: string | undefined;
  readonly references: References;
  /** Only a person can judge it. */
  readonly manual?: true | undefined;
}

/** One node as a rule sees it. */
export interface NodeView {
  readonly facts: NodeFacts;
  readonly setup: KubeletSetup;
  readonly configz: Configz;
  /** The answers of its ports to anonymous requests. Undefined if they were not probed. */
  readonly exposed?: ExposedPorts | undefined;
  /** The version from the API server, if the node itself did not report it. */
  readonly kubeletVersion: string | undefined;
  /** Show the values of unknown settings, which are `***` by default. */
  readonly showValues?: boolean | undefined;
}

interface Verdict {
  readonly status: FindingStatus;
  readonly got?: unknown;
  readonly source?: Source | undefined;
  readonly note?: string | undefined;
}

/** All findings of a playbook, in its order. */
export function assess(view: NodeView, playbook: Playbook): Finding[] {
  return playbook.rules.map((rule) => {
    const verdict = excluded(view, rule) ?? judge(view, rule);
    return {
      rule: rule.id,
      playbook: playbook.name,
      title: rule.title,
      severity: rule.severity,
      status: verdict.status,
      setting: subjectOf(view, rule),
      ...ruleWant(rule),
      got: verdict.got,
      source: verdict.source,
      note: verdict.note,
      references: rule.references,
      ...(rule.kind === 'manual' ? { manual: true as const } : {}),
    };
  });
}

function excluded({ setup, kubeletVersion }: NodeView, rule: Rule): Verdict | undefined {
  const reason = rule.skip[setup.distro];
  if (reason !== undefined) return { status: 'not-applicable', note: reason };
  if (rule.versions === undefined) return undefined;
  const version = setup.kubeletVersion ?? kubeletVersion;
  const applies = version === undefined ? undefined : satisfies(version, rule.versions);
  if (applies === undefined) return { status: 'unknown', note: "the kubelet's version is unknown" };
  return applies
    ? undefined
    : { status: 'not-applicable', note: `the rule is for ${rule.versions}, this kubelet is ${version ?? ''}` };
}

function judge(view: NodeView, rule: Rule): Verdict {
  switch (rule.kind) {
    case 'setting':
      return judgeSetting(view, rule);
    case 'file':
      return judgeFile(view, rule);
    case 'network': {
      const verdict = judgeGuard(view.facts, view.setup, rule.guard);
      return verdict.status === 'pass' ? asRunning(view, verdict) : verdict;
    }
    case 'manual':
      return { status: 'unknown', note: `check this by hand: ${rule.look}` };
  }
}

function judgeSetting(view: NodeView, rule: SettingRule): Verdict {
  const { setup, configz } = view;
  const flagName = /^flags\.(.+)$/.exec(rule.setting)?.[1];
  const gate = /^featureGates\.(.+)$/.exec(rule.setting)?.[1];
  const info = settingByPath.get(gate === undefined ? rule.setting : 'featureGates');
  const fault = setup.sources.faults.find(({ kind }) => kind !== 'start');
  if (fault !== undefined) {
    const place = fault.line === undefined ? fault.path : `${fault.path}:${fault.line}`;
    return { status: 'unknown', note: `the configuration could not be judged: ${place}: ${fault.message}` };
  }
  if (flagName !== undefined) {
    const flag = flagOnly(setup.sources, flagName);
    const verdict = { got: flag?.value, source: flag?.source ?? notGiven };
    return meetsWant(rule.want, flag?.value) ? asRunning(view, verdict) : { ...verdict, status: 'fail' };
  }
  if (info === undefined) return { status: 'unknown', note: `${rule.setting} is not a known kubelet setting` };
  const [unclear] = setup.sources.unclear ?? [];
  if (unclear !== undefined && setup.process === undefined) {
    return {
      status: 'unknown',
      note: `${unclear.path}:${unclear.line ?? 1}: ${unclear.message}, and no kubelet is running`,
    };
  }
  const declared: Setting = effectiveSetting(setup.sources, info);
  const unknownReason = unknownDefaultReason(setup.sources, declared);
  if (unknownReason !== undefined) return judgeUnknownDefault(view, rule, info, unknownReason);
  const pick = (value: unknown): unknown => (gate === undefined ? value : (at(value, gate) ?? null));
  const verdict = { got: pick(declared.value), source: declared.source };
  const meets = (value: unknown): boolean => settingMeets(rule.setting, rule.want, value);
  if (!meets(verdict.got)) return { ...verdict, status: 'fail' };
  const isHidden = info.notInConfigz === true && declared.flags.length > 0;
  if (configz === undefined || isHidden) {
    const other = differingSettings(setup).find((one) => one.info === info);
    const running = other === undefined ? undefined : pick(other.running);
    if (other === undefined || meets(running)) return asRunning(view, verdict);
    return { status: 'fail', got: running, source: { kind: 'running', detail: other.where }, note: needsRestart };
  }
  const live = pick(configzValue(configz, info));
  if (meets(live)) return { ...verdict, status: 'pass' };
  return {
    status: 'fail',
    got: live,
    source: { kind: 'configz', detail: 'the running kubelet' },
    note: needsRestart,
  };
}

/** Judges a setting with an unknown default by the running kubelet's value. */
function judgeUnknownDefault(view: NodeView, rule: SettingRule, info: SettingInfo, unknownReason: string): Verdict {
  const { configz } = view;
  const seen = info.path === 'readOnlyPort' ? readOnlyPortSeen(view) : undefined;
  const shown = configz === undefined ? seen : configzValue(configz, info);
  if (shown === undefined)
    return { status: 'unknown', source: { kind: 'default', detail: unknownReason }, note: unknownReason };
  const source: Source = { kind: configz === undefined ? 'running' : 'configz', detail: 'the running kubelet' };
  return { status: meetsWant(rule.want, shown) ? 'pass' : 'fail', got: shown, source, note: unknownReason };
}

const needsRestart = 'the files have the right value, but the running kubelet does not; it needs a restart';

const notGiven: Source = { kind: 'default', detail: 'the flag is not given' };

/** The files' value passes only if a kubelet is running with it. */
function asRunning({ facts, setup }: NodeView, verdict: Omit<Verdict, 'status'>): Verdict {
  const outdated = outdatedReason(facts, setup);
  if (outdated !== undefined) return { ...verdict, status: 'unknown', note: outdated.message };
  if (setup.process === undefined) return { ...verdict, status: 'unknown', note: 'no kubelet is running' };
  return { ...verdict, status: 'pass' };
}

function judgeFile({ facts, setup }: NodeView, rule: FileRule): Verdict {
  const path = setup.files[rule.file.path];
  if (path === undefined) return { status: 'not-applicable', note: `this kubelet has no ${rule.file.path}` };
  const source: Source = { kind: 'stat', path };
  const file = facts.files.get(path);
  if (file === undefined || file.kind === 'unreadable')
    return { status: 'unknown', source, note: `${path} could not be read` };
  if (file.kind === 'absent') return { status: 'unknown', source, note: `${path} does not exist` };
  const { mode, owner } = rule.file;
  const modeFits = mode === undefined || fitsMode(file.mode, mode.atMost);
  const ownerFits = owner === undefined || file.owner === owner;
  return { status: modeFits && ownerFits ? 'pass' : 'fail', got: mode === undefined ? file.owner : file.mode, source };
}

/** True if no bit is set that is not set in `atMost`. */
export const fitsMode = (mode: string, atMost: string): boolean =>
  (parseInt(mode, 8) & ~parseInt(atMost, 8) & 0o7777) === 0;

function subjectOf({ setup }: NodeView, rule: Rule): string | undefined {
  if (rule.kind === 'manual') return undefined;
  if (rule.kind === 'network') return guardTexts(rule.guard, setup.unit.name)[0]?.path;
  return rule.kind === 'setting' ? rule.setting : rule.file.path;
}
