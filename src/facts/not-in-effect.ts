/** Settings that a node's files declare but its kubelet does not use, each with its place and the reason. Pure. */
import { posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { changeSinceStart } from './changed-since.js';
import type { OverriddenVariable } from './command-line.js';
import type { ConfigFault, IgnoredKey } from './config-file.js';
import {
  type KubeletSources,
  type Mistake,
  type Setting,
  type Source,
  configzValue,
  unknownDefaultReason,
  effectiveSetting,
} from './effective-kubelet.js';
import type { KubeletSetup } from './kubelet-setup.js';
import type { NodeFacts } from './node-facts.js';
import { differingSettings } from './running-flags.js';
import { changesText, pendingEdits } from './pending-edits.js';
import { type Configz, isComparable } from './running-differences.js';
import { sameSetting } from './same-setting.js';
import { hardeningSettings, settingByFlag } from './settings.js';
import { isShownSetting, maskedWords } from './shown-values.js';
import { type Value, isRecord } from './value.js';

export interface IneffectiveSetting {
  readonly kind:
    | 'fault'
    | 'unclear'
    | 'misspelt'
    | 'unread'
    | 'duplicate'
    | 'replaced'
    | 'overridden'
    | 'outdated'
    | 'differs';
  /** The setting or key that the finding is about. */
  readonly what: string;
  readonly source: Source;
  /** One sentence: what is declared, and why it has no effect. */
  readonly message: string;
  /** kubelatch's own file overrides it, as a plan said. */
  readonly intended?: true | undefined;
}

/** @param showValues whether to show the values of unknown keys and variables */
export function findIneffectiveSettings(
  facts: NodeFacts,
  setup: KubeletSetup,
  configz: Configz,
  showValues = false,
): IneffectiveSetting[] {
  const { sources } = setup;
  const files = [...(sources.config === undefined ? [] : [sources.config]), ...sources.dropIns];
  return [
    ...sources.faults.map(ofFault),
    ...(sources.unclear ?? []).map(ofUnclear),
    ...files.flatMap(({ path, ignored }) => ignored.flatMap((key) => ofIgnoredKey(path, key, showValues))),
    ...(sources.mistakes ?? []).map((one) => ofMistake(one, showValues)),
    ...sources.hidden.map((one) => ofHiddenVariable(one, showValues)),
    ...hardeningSettings.flatMap((info) => ofOverridden(sources, effectiveSetting(sources, info))),
    ...againstRunning({ facts, setup, showValues }, configz),
  ];
}

function ofFault({ path, line, message, statesEffect }: ConfigFault): IneffectiveSetting {
  return {
    kind: 'fault',
    what: 'kubelet configuration',
    source: { kind: 'file', path, line },
    message: statesEffect === true ? message : `${message}; a restarted kubelet would not start`,
  };
}

const ofUnclear = ({ path, line, message }: ConfigFault): IneffectiveSetting => ({
  kind: 'unclear',
  what: 'kubelet arguments',
  source: { kind: 'flag', path, line },
  message: `${message}; the arguments of the running kubelet are checked instead`,
});

/** Of unknown keys, only those that look like a misspelled field are reported. */
function ofIgnoredKey(
  path: string,
  { key, line, value, reason, suggestion, since }: IgnoredKey,
  showValues: boolean,
): IneffectiveSetting[] {
  if (reason === 'unknown' && suggestion === undefined) return [];
  const why = {
    duplicate: 'the same key is repeated further down',
    newer: `it exists only since 1.${since ?? ''}, and this kubelet is older`,
    unknown: `unknown key; did you mean ${suggestion ?? ''}?`,
  }[reason];
  const shown = showValues || (reason !== 'unknown' && isShownSetting(key)) ? JSON.stringify(value) : '***';
  return [
    {
      kind: reason === 'unknown' ? 'misspelt' : 'duplicate',
      what: suggestion ?? key,
      source: { kind: 'file', path, line },
      message: `${key}: ${shown} has no effect: ${why}`,
    },
  ];
}

const ofMistake = ({ kind, what, path, line, ...told }: Mistake, showValues: boolean): IneffectiveSetting => ({
  kind,
  what,
  source: { kind: 'file', path, line },
  message: showValues ? (told.withValue ?? told.message) : told.message,
});

function ofHiddenVariable(
  { name, value, origin, overriddenBy, takenAsValue }: OverriddenVariable,
  showValues: boolean,
): IneffectiveSetting {
  const by = `${overriddenBy.path}:${overriddenBy.line}`;
  const why =
    takenAsValue === true
      ? `the entry at ${by} has no value and takes this one as its value. Give that entry a value (key=value)`
      : `${by} sets ${name} again`;
  const intended = takenAsValue !== true && isOurs(overriddenBy.path);
  return {
    kind: 'replaced',
    what: flagNamesIn(value),
    source: { kind: 'flag', path: origin.path, line: origin.line, detail: name },
    message: `${name}=${showValues ? value : maskedWords(value)} has no effect: ${why}${intended ? onPurpose(origin.path) : ''}`,
    ...(intended ? { intended } : {}),
  };
}

function ofOverridden({ supervisorDefaults = [] }: KubeletSources, setting: Setting): IneffectiveSetting[] {
  const { info, value, source } = setting;
  const winner = [source.path, source.line].filter((part) => part !== undefined).join(':');
  return setting.hidden.flatMap((lost): IneffectiveSetting[] => {
    const { path } = lost.source;
    // A setting of the user is meant to override a default of the supervisor.
    if (isContained(lost.value, value) || (path !== undefined && supervisorDefaults.includes(path))) return [];
    const intended = source.path !== undefined && isOurs(source.path) && path !== undefined;
    const message = `${info.path}: ${JSON.stringify(lost.value)} has no effect: ${source.detail ?? 'a later file'} (${winner}) sets it to ${JSON.stringify(value)}${intended ? onPurpose(path) : ''}`;
    return [{ kind: 'overridden', what: info.path, source: lost.source, message, ...(intended ? { intended } : {}) }];
  });
}

const onPurpose = (path: string): string =>
  `. kubelatch overrides this line on purpose. You can delete it from ${path}`;

/** Whether kubelatch wrote the file: the drop-ins of units, of the kubelet and of a supervisor that it names so. */
const isOurs = (path: string): boolean => /\/(\d\d|zz)-kubelatch\.(conf|yaml)$/.test(path);

/** The same value or a part of it: repeated flags and feature gates from several places accumulate. */
function isContained(part: Value, whole: Value): boolean {
  if (Array.isArray(part) && Array.isArray(whole)) {
    const known = new Set<unknown>(whole);
    return part.every((one) => known.has(one));
  }
  if (isRecord(part) && isRecord(whole)) return Object.entries(part).every(([key, one]) => whole[key] === one);
  return sameSetting(part, whole);
}

/** First what a restart would change, file by file; then hardening settings whose file value differs from the running kubelet's. */
function againstRunning(
  { facts, setup, showValues }: { facts: NodeFacts; setup: KubeletSetup; showValues: boolean },
  configz: Configz,
): IneffectiveSetting[] {
  const pending = pendingEdits(facts, setup, configz).filter((edit) => edit.inferred !== true);
  const found = pending.map((edit): IneffectiveSetting => {
    const { path, line, what } = edit;
    const message = `${path} ${what}: ${changesText(edit, showValues)}`;
    return { kind: 'outdated', what: 'running kubelet', source: { kind: 'stat', path, line }, message };
  });
  if (setup.sources.faults.length > 0) return found;
  return [...found, ...(configz === undefined ? againstArguments(setup) : againstConfigz(setup, configz))];
}

function againstConfigz(setup: KubeletSetup, configz: Configz): IneffectiveSetting[] {
  return hardeningSettings.flatMap((info): IneffectiveSetting[] => {
    const declared = effectiveSetting(setup.sources, info);
    const live = configzValue(configz, info);
    if (sameSetting(declared.value, live) || !isComparable(declared, configz)) return [];
    if (unknownDefaultReason(setup.sources, declared) !== undefined) return [];
    return [
      {
        kind: 'differs',
        what: info.path,
        source: { kind: 'configz', detail: 'the running kubelet' },
        message: `${info.path}: the files set ${JSON.stringify(declared.value)}, but the running kubelet uses ${JSON.stringify(live)}, because it was started with older files`,
      },
    ];
  });
}

/** Without configz, the kubelet's start arguments show which values are in effect. */
function againstArguments(setup: KubeletSetup): IneffectiveSetting[] {
  if (setup.sources.faults.length > 0) return [];
  return differingSettings(setup).map(({ info, declared, running, where }) => ({
    kind: 'differs',
    what: info.path,
    source: { kind: 'running', detail: where },
    message: `${info.path}: the files set ${JSON.stringify(declared)}, but the running kubelet was started with ${JSON.stringify(running)}. It needs a restart`,
  }));
}

/** Why the running kubelet cannot have read the current files. Undefined if there is no sign of that. */
export function outdatedReason(
  facts: NodeFacts,
  setup: KubeletSetup,
): { readonly path?: string | undefined; readonly message: string } | undefined {
  const { process, unit, sources } = setup;
  if (process === undefined) return undefined;
  if (unit.needsReload)
    return { message: `${unit.name} changed on disk, but systemd has not reloaded it. Run: systemctl daemon-reload` };
  for (const path of setup.configPaths) {
    const file = facts.files.get(path);
    if (file?.kind === 'file' && changeSinceStart(file, process) === 'edited') {
      return { path, message: `${path} was changed after the kubelet started` };
    }
  }
  if (setup.argumentsVisible === false || (sources.unclear ?? []).length > 0) return undefined;
  const wanted = sources.command.slice(1);
  const running = process.argv.slice(-wanted.length);
  const readable = wanted.length > 0 && !wanted.some((word) => word.includes('%'));
  if (readable && !isDeepStrictEqual(wanted, running) && !endsWith(sources.command, process.argv)) {
    return { message: 'the kubelet runs with different arguments than its unit now has' };
  }
  return undefined;
}

/** With `nice` and the like, the kubelet's arguments are the end of the unit's command. */
function endsWith(command: readonly string[], argv: readonly string[]): boolean {
  const [program = '', ...words] = command.slice(-argv.length);
  return posix.basename(program) === posix.basename(argv[0] ?? '') && isDeepStrictEqual(words, argv.slice(1));
}

function flagNamesIn(text: string): string {
  const names = [...text.matchAll(/--([a-z][a-z0-9-]*)/g)].map(
    ([, name]) => settingByFlag.get(name ?? '')?.path ?? name ?? '',
  );
  return names.join(', ');
}
