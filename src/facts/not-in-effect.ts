/** What a node's files declare but its kubelet does not do: each case with its place and the reason. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { isRecord } from './config-file.js';
import { type Source, configzValue, effectiveSetting } from './effective-kubelet.js';
import type { KubeletSetup } from './kubelet-setup.js';
import type { NodeFacts } from './node-facts.js';
import { differingSettings } from './running-flags.js';
import { sameSetting } from './same-setting.js';
import { type Value, settingByFlag, settings } from './settings.js';

export interface WithoutEffect {
  readonly kind: 'fault' | 'misspelt' | 'duplicate' | 'replaced' | 'overridden' | 'outdated' | 'differs';
  /** The setting or key it is about. */
  readonly what: string;
  readonly source: Source;
  /** One sentence: what stands there and why it has no effect. */
  readonly message: string;
}

/** What the running kubelet said of itself through the API server; undefined where it was not asked or did not answer. */
export type Configz = Readonly<Record<string, unknown>> | undefined;

/** Seconds between a file's time and the kubelet's start that are too few to tell which came first. */
const clockGrain = 2;

export function findWithoutEffect(facts: NodeFacts, setup: KubeletSetup, configz: Configz): WithoutEffect[] {
  const { sources } = setup;
  const found: WithoutEffect[] = sources.faults.map((fault) => ({
    kind: 'fault',
    what: 'kubelet configuration',
    source: { kind: 'file', path: fault.path, line: fault.line },
    message: `${fault.message}; a restarted kubelet would not start`,
  }));
  for (const file of [...(sources.config === undefined ? [] : [sources.config]), ...sources.dropIns]) {
    for (const { key, line, value, reason, meant } of file.ignored) {
      if (reason === 'unknown' && meant === undefined) continue;
      const why =
        reason === 'duplicate'
          ? 'the same key stands again further down'
          : `no such key; ${meant ?? ''} was probably meant`;
      found.push({
        kind: reason === 'duplicate' ? 'duplicate' : 'misspelt',
        what: meant ?? key,
        source: { kind: 'file', path: file.path, line },
        message: `${key}: ${JSON.stringify(value)} has no effect: ${why}`,
      });
    }
  }
  for (const { name, value, origin, hiddenBy, swallowed } of sources.hidden) {
    const by = `${hiddenBy.path}:${hiddenBy.line}`;
    const why =
      swallowed === true
        ? `the entry at ${by} has no value and takes this one for it: give that entry a value (key=value)`
        : `${by} sets ${name} again`;
    found.push({
      kind: 'replaced',
      what: flagNamesIn(value),
      source: { kind: 'flag', path: origin.path, line: origin.line, detail: name },
      message: `${name}=${value} has no effect: ${why}`,
    });
  }
  for (const info of settings) {
    const setting = effectiveSetting(sources, info);
    for (const lost of setting.hidden) {
      if (isContained(lost.value, setting.value)) continue;
      // That others overrule these is what they are for.
      if (lost.source.path !== undefined && sources.givenPaths?.includes(lost.source.path) === true) continue;
      const winner = [setting.source.path, setting.source.line].filter((part) => part !== undefined).join(':');
      const advice =
        setting.source.path !== undefined && isOurs(setting.source.path) && lost.source.path !== undefined
          ? `; that is kubelatch's own file, and meant: take the line out of ${lost.source.path}, so that it misleads nobody`
          : '';
      found.push({
        kind: 'overridden',
        what: info.path,
        source: lost.source,
        message: `${info.path}: ${JSON.stringify(lost.value)} has no effect: ${setting.source.detail ?? 'a later file'} (${winner}) says ${JSON.stringify(setting.value)}${advice}`,
      });
    }
  }
  return [...found, ...againstRunning(facts, setup, configz)];
}

/** A file that a change of this program has made. */
const isOurs = (path: string): boolean => /[^/]*kubelatch[^/]*$/.test(path);

/** The same value, or a part of it: repeated flags and gates from several places add up. */
function isContained(part: Value, whole: Value): boolean {
  if (Array.isArray(part) && Array.isArray(whole)) return part.every((one) => whole.includes(one));
  if (isRecord(part) && isRecord(whole)) return Object.entries(part).every(([key, one]) => whole[key] === one);
  return sameSetting(part, whole);
}

/** Settings whose value in the files is not the running kubelet's, or, where it cannot be asked, signs that it is older than they are. */
function againstRunning(facts: NodeFacts, setup: KubeletSetup, configz: Configz): WithoutEffect[] {
  if (configz === undefined) return [...outdated(facts, setup), ...againstArguments(setup)];
  if (setup.sources.faults.length > 0) return [];
  return settings.flatMap((info): WithoutEffect[] => {
    const declared = effectiveSetting(setup.sources, info);
    const live = configzValue(configz, info);
    if (sameSetting(declared.value, live)) return [];
    if (info.filledIn === true && declared.source.kind === 'default') return [];
    return [
      {
        kind: 'differs',
        what: info.path,
        source: { kind: 'configz', detail: 'the running kubelet' },
        message: `${info.path}: the files make it ${JSON.stringify(declared.value)}, the running kubelet has ${JSON.stringify(live)}: it was started with older files`,
      },
    ];
  });
}

function outdated(facts: NodeFacts, setup: KubeletSetup): WithoutEffect[] {
  const reason = outdatedReason(facts, setup);
  if (reason === undefined) return [];
  const { path, message } = reason;
  return [{ kind: 'outdated', what: 'running kubelet', source: { kind: 'stat', path }, message }];
}

/** The arguments that the kubelet was started with say what holds now, where nobody can ask the kubelet itself. */
function againstArguments(setup: KubeletSetup): WithoutEffect[] {
  if (setup.sources.faults.length > 0) return [];
  return differingSettings(setup).map(({ info, declared, running, where }) => ({
    kind: 'differs',
    what: info.path,
    source: { kind: 'running', detail: where },
    message: `${info.path}: the files make it ${JSON.stringify(declared)}, the running kubelet was started with ${JSON.stringify(running)}: it needs a restart`,
  }));
}

/** Why the running kubelet cannot have read the files as they are now; undefined where nothing says so. */
export function outdatedReason(
  facts: NodeFacts,
  setup: KubeletSetup,
): { readonly path?: string | undefined; readonly message: string } | undefined {
  const { process, unit, sources } = setup;
  if (process === undefined) return undefined;
  if (unit.needsReload)
    return { message: `${unit.name} changed on disk and was not reloaded: systemctl daemon-reload` };
  for (const path of setup.configPaths) {
    const file = facts.files.get(path);
    if (file?.kind === 'file' && file.mtime > process.startedAt + clockGrain) {
      return { path, message: `${path} was changed after the kubelet started` };
    }
  }
  if (setup.argumentsVisible === false) return undefined;
  const wanted = sources.command.slice(1);
  const running = process.argv.slice(-wanted.length);
  const readable = wanted.length > 0 && !wanted.some((word) => word.includes('%'));
  if (readable && !isDeepStrictEqual(wanted, running)) {
    return { message: 'the kubelet runs with other arguments than its unit would give it now' };
  }
  return undefined;
}

function flagNamesIn(text: string): string {
  const names = [...text.matchAll(/--([a-z][a-z0-9-]*)/g)].map(
    ([, name]) => settingByFlag.get(name ?? '')?.path ?? name ?? '',
  );
  return names.join(', ');
}
