/** Judges one node against a playbook. Pure: facts in, findings out; what could not be read is never a pass. */
import { at } from '../facts/config-file.js';
import { type Configz, outdatedReason } from '../facts/not-in-effect.js';
import { type Setting, type Source, configzValue, effectiveSetting, flagOnly } from '../facts/effective-kubelet.js';
import type { DoorFacts } from '../facts/kubelet-ports.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts } from '../facts/node-facts.js';
import { differingSettings } from '../facts/running-flags.js';
import { settingByPath } from '../facts/settings.js';
import { satisfies } from '../lib/kube-version.js';
import type { FileRule, Playbook, References, Rule, SettingRule, Severity } from './schema.js';
import { meetsWant, wantText } from './want.js';

export type FindingStatus = 'pass' | 'fail' | 'unknown' | 'not-applicable';

export interface Finding {
  readonly rule: string;
  readonly playbook: string;
  readonly title: string;
  readonly severity: Severity;
  readonly status: FindingStatus;
  /** In words: `false`, `one of "Webhook"`, `at most 0600`. */
  readonly want: string;
  /** The value found; undefined where none could be. */
  readonly got: unknown;
  readonly source: Source | undefined;
  /** Why a status is what it is, where the values alone do not say it. */
  readonly note: string | undefined;
  readonly references: References;
}

/** One node as a rule sees it. */
export interface NodeView {
  readonly facts: NodeFacts;
  readonly setup: KubeletSetup;
  readonly configz: Configz;
  /** What the ports answered; undefined where they were not asked. */
  readonly doors?: DoorFacts | undefined;
  /** Version by the API server, where the node itself did not tell. */
  readonly kubeletVersion: string | undefined;
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
      want: wantOf(rule),
      got: verdict.got,
      source: verdict.source,
      note: verdict.note,
      references: rule.references,
    };
  });
}

function excluded({ setup, kubeletVersion }: NodeView, rule: Rule): Verdict | undefined {
  const reason = rule.skip[setup.distro];
  if (reason !== undefined) return { status: 'not-applicable', note: reason };
  if (rule.versions === undefined) return undefined;
  const version = setup.kubeletVersion ?? kubeletVersion;
  const applies = version === undefined ? undefined : satisfies(version, rule.versions);
  if (applies === undefined) return { status: 'unknown', note: "the kubelet's version is not known" };
  return applies ? undefined : { status: 'not-applicable', note: `for ${rule.versions}, this is ${version ?? ''}` };
}

function judge(view: NodeView, rule: Rule): Verdict {
  switch (rule.kind) {
    case 'setting':
      return judgeSetting(view, rule);
    case 'file':
      return judgeFile(view, rule);
    case 'manual':
      return { status: 'unknown', note: `only a person can judge this: ${rule.look}` };
  }
}

function judgeSetting(view: NodeView, rule: SettingRule): Verdict {
  const { setup, configz } = view;
  const flagName = /^flags\.(.+)$/.exec(rule.setting)?.[1];
  const gate = /^featureGates\.(.+)$/.exec(rule.setting)?.[1];
  const info = settingByPath.get(gate === undefined ? rule.setting : 'featureGates');
  const fault = setup.sources.faults[0];
  if (fault !== undefined) {
    const place = fault.line === undefined ? fault.path : `${fault.path}:${fault.line}`;
    return { status: 'unknown', note: `the files could not be judged: ${place}: ${fault.message}` };
  }
  if (flagName !== undefined) {
    const flag = flagOnly(setup.sources, flagName);
    const verdict = { got: flag?.value, source: flag?.source ?? notGiven };
    return meetsWant(rule.want, flag?.value) ? asRunning(view, verdict) : { ...verdict, status: 'fail' };
  }
  if (info === undefined) return { status: 'unknown', note: `${rule.setting} is not a setting that kubelatch knows` };
  const declared: Setting = effectiveSetting(setup.sources, info);
  const pick = (value: unknown): unknown => (gate === undefined ? value : (at(value, gate) ?? null));
  const verdict = { got: pick(declared.value), source: declared.source };
  if (!meetsWant(rule.want, verdict.got)) return { ...verdict, status: 'fail' };
  if (configz === undefined) {
    const other = differingSettings(setup).find((one) => one.info === info);
    const running = other === undefined ? undefined : pick(other.running);
    if (other === undefined || meetsWant(rule.want, running)) return asRunning(view, verdict);
    return { status: 'fail', got: running, source: { kind: 'running', detail: other.where }, note: needsRestart };
  }
  const live = pick(configzValue(configz, info));
  if (meetsWant(rule.want, live)) return { ...verdict, status: 'pass' };
  return {
    status: 'fail',
    got: live,
    source: { kind: 'configz', detail: 'the running kubelet' },
    note: needsRestart,
  };
}

const needsRestart = 'the files say it, the running kubelet does not: it needs a restart';

const notGiven: Source = { kind: 'default', detail: 'the flag is not given' };

/** A pass by the files is one only where a kubelet runs with them. */
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
    return { status: 'unknown', source, note: `${path} could not be looked at` };
  if (file.kind === 'absent') return { status: 'unknown', source, note: `${path} does not exist` };
  const { mode, owner } = rule.file;
  const modeFits = mode === undefined || fitsMode(file.mode, mode.atMost);
  const ownerFits = owner === undefined || file.owner === owner;
  return { status: modeFits && ownerFits ? 'pass' : 'fail', got: mode === undefined ? file.owner : file.mode, source };
}

/** True where no bit is set that `atMost` has not. */
export const fitsMode = (mode: string, atMost: string): boolean =>
  (parseInt(mode, 8) & ~parseInt(atMost, 8) & 0o7777) === 0;

function wantOf(rule: Rule): string {
  if (rule.kind === 'setting') return wantText(rule.want);
  if (rule.kind === 'manual') return 'a look by a person';
  const parts = [rule.file.mode === undefined ? undefined : `at most ${rule.file.mode.atMost}`, rule.file.owner];
  return parts.filter((part) => part !== undefined).join(' ');
}
