/** The kernel settings that a kubelet with protectKernelDefaults requires, now and after the next boot. */
import { posix } from 'node:path';
import { type NodeFacts, textOf } from '../facts/node-facts.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { Obstacle, TextChange } from './distro.js';

/** Source: setupKernelTunables of the kubelet, which requires these exact values. */
const wantedSettings: Readonly<Record<string, number>> = {
  'vm.overcommit_memory': 1,
  'vm.panic_on_oom': 0,
  'kernel.panic': 10,
  'kernel.panic_on_oops': 1,
  'kernel.keys.root_maxkeys': 1_000_000,
  'kernel.keys.root_maxbytes': 25_000_000,
};
const keys = Object.keys(wantedSettings);

const procPath = (key: string): string => `/proc/sys/${key.replaceAll('.', '/')}`;
/** Of files with the same name only the one in the first folder counts; the rest are read in order of name (sysctl.d(5)). */
const folders = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].map((root) => `${root}/sysctl.d`);
const ownName = '90-kubelet.conf';
export const ownKernelFile = `/etc/sysctl.d/${ownName}`;
/** Read after the folders, by `sysctl --system` and through the usual link 99-sysctl.conf. */
const lastFile = '/etc/sysctl.conf';

/** What to read on a node. */
export const kernelSettingsProbe = { read: [...keys.map(procPath), lastFile], folders };

interface WrongSetting {
  readonly key: string;
  readonly is: string;
  readonly wanted: number;
}

/** Settings with a known value that differs from the one the kubelet requires. */
export function wrongKernelSettings(facts: NodeFacts): WrongSetting[] {
  return keys.flatMap((key) => {
    const is = textOf(facts, procPath(key))?.trim();
    const wanted = wantedSettings[key] ?? 0;
    return is === undefined || is === String(wanted) ? [] : [{ key, is, wanted }];
  });
}

/** The current values, and the command that fixes them. */
export function kernelSettingsFix(unfit: readonly WrongSetting[]): Obstacle {
  const reason = unfit.map((one) => `${one.key} is ${one.is}`).join(', ');
  return { reason, hint: `first run: sysctl -w ${unfit.map((one) => `${one.key}=${one.wanted}`).join(' ')}` };
}

/** Why a kubelet with protectKernelDefaults would not start, now or after the next boot. Undefined if it would. */
export function kernelObstacle(facts: NodeFacts): Obstacle | undefined {
  const kept = persistKernelSettings(facts);
  return kept.ok ? undefined : kept.error;
}

/**
 * The change that makes the settings survive the next boot; empty if files already set them all. Fails if the running kernel
 * has other values, because changing those is the administrator's decision.
 */
export function persistKernelSettings(facts: NodeFacts): Result<readonly TextChange[], Obstacle> {
  const unknown = keys.filter((key) => textOf(facts, procPath(key)) === undefined);
  if (unknown.length > 0) {
    const reason = `${unknown.join(', ')} could not be read; the kubelet might not start with protectKernelDefaults`;
    return fail({ reason, hint: 'check /proc/sys on the node' });
  }
  const unfit = wrongKernelSettings(facts);
  if (unfit.length > 0) {
    const { reason, hint } = kernelSettingsFix(unfit);
    return fail({ reason: `the kubelet would not start with the current kernel settings: ${reason}`, hint });
  }
  const files = filesIn(facts);
  const unread = files.find((path) => textOf(facts, path) === undefined && facts.files.get(path)?.kind !== 'absent');
  if (unread !== undefined && facts.files.has(unread)) {
    const reason = `${unread} could not be read, so the kernel settings after the next boot are unknown`;
    return fail({ reason, hint: `check ${unread} on the node` });
  }
  const missing: string[] = [];
  for (const key of keys) {
    const said = files.flatMap((path) => declarationsOf(key, path, textOf(facts, path) ?? '')).at(-1);
    const wanted = wantedSettings[key] ?? 0;
    if (said !== undefined && said.value === String(wanted)) continue;
    if (said !== undefined && isReadAfterOurs(said.path)) {
      const reason = `${said.path}:${said.line} sets ${key} to ${said.value} at the next boot, and the kubelet would not start with it`;
      return fail({ reason, hint: `first set it to ${wanted} there` });
    }
    missing.push(`${key} = ${wanted}`);
  }
  if (missing.length === 0) return ok([]);
  // kubelatch's file hides one of the same name in another folder, so it keeps that file's lines.
  const before = files.find((path) => posix.basename(path) === ownName);
  const text = before === undefined ? undefined : textOf(facts, before);
  const head = text === undefined ? '# Written by kubelatch for protect-kernel-defaults.\n' : withLineEnd(text);
  return ok([{ path: ownKernelFile, mode: '0644', text: `${head}${missing.join('\n')}\n` }]);
}

/** Limit on the characters of a line that are parsed. */
const longestLine = 1000;

const withLineEnd = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

/** In the order they are read. A link to /dev/null masks the files of its name. */
function filesIn(facts: NodeFacts): string[] {
  const byName = new Map<string, string>();
  for (const folder of folders) {
    for (const [path, { kind }] of facts.files) {
      const name = posix.basename(path);
      const isOne = posix.dirname(path) === folder && name.endsWith('.conf') && kind !== 'absent';
      if (isOne && !byName.has(name)) byName.set(name, path);
    }
  }
  const silent = (path: string): boolean => facts.files.get(path)?.kind === 'other';
  const sorted = [...byName].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, path]) => path);
  return [...sorted.filter((path) => !silent(path)), lastFile];
}

const isReadAfterOurs = (path: string): boolean => path === lastFile || posix.basename(path) > ownName;

function declarationsOf(key: string, path: string, text: string): { path: string; line: number; value: string }[] {
  return text.split('\n').flatMap((whole, index) => {
    const line = whole.slice(0, longestLine);
    const match = /^\s*-?\s*([A-Za-z0-9_./*?-]+?)\s*=\s*(.*?)\s*$/.exec(line);
    const name = match?.[1]?.replaceAll('/', '.');
    return name !== undefined && covers(name, key) ? [{ path, line: index + 1, value: match?.[2] ?? '' }] : [];
  });
}

/** A star matches part of a name between two dots. */
function covers(name: string, key: string): boolean {
  if (!/[*?]/.test(name)) return name === key;
  // Real names have few stars, and matching many takes too long. Assume a match.
  if (name.split('*').length > 4) return true;
  const source = name.replaceAll('.', '\\.').replaceAll('*', '[^.]*').replaceAll('?', '[^.]');
  return new RegExp(`^${source}$`).test(key);
}
