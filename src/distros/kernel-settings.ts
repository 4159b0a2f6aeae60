/** The kernel settings without which a kubelet that must not change them refuses to start, now and after the next boot. */
import { posix } from 'node:path';
import { type NodeFacts, textOf } from '../facts/node-facts.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { Obstacle, TextChange } from './distro.js';

/** Source: setupKernelTunables of the kubelet, which compares for equality. */
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
/** Where one name counts once, the first folder's; the names together are sorted (sysctl.d(5)). */
const folders = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].map((root) => `${root}/sysctl.d`);
const ownName = '90-kubelet.conf';
const ownFile = `/etc/sysctl.d/${ownName}`;
/** Read behind the folders, by `sysctl --system` and through the usual link 99-sysctl.conf. */
const lastFile = '/etc/sysctl.conf';

/** What has to be read of a node. */
export const kernelSettingsProbe = { read: [...keys.map(procPath), lastFile], folders };

interface UnfitSetting {
  readonly key: string;
  readonly is: string;
  readonly wanted: number;
}

/** Settings that are known and are not what the kubelet wants. */
export function unfitKernelSettings(facts: NodeFacts): UnfitSetting[] {
  return keys.flatMap((key) => {
    const is = textOf(facts, procPath(key))?.trim();
    const wanted = wantedSettings[key] ?? 0;
    return is === undefined || is === String(wanted) ? [] : [{ key, is, wanted }];
  });
}

/** What is, and the line that mends it. */
export function unfitText(unfit: readonly UnfitSetting[]): Obstacle {
  const reason = unfit.map((one) => `${one.key} is ${one.is}`).join(', ');
  return { reason, hint: `run \`sysctl -w ${unfit.map((one) => `${one.key}=${one.wanted}`).join(' ')}\` first` };
}

/** Why a kubelet that leaves the kernel's settings alone would not start, now or after the next boot; undefined where it would. */
export function kernelObstacle(facts: NodeFacts): Obstacle | undefined {
  const kept = persistKernelSettings(facts);
  return kept.ok ? undefined : kept.error;
}

/**
 * The change that keeps the settings over the next boot; none where files say all of them already. Refused where the running kernel
 * has others: whoever runs the node decides on those.
 */
export function persistKernelSettings(facts: NodeFacts): Result<readonly TextChange[], Obstacle> {
  const unknown = keys.filter((key) => textOf(facts, procPath(key)) === undefined);
  if (unknown.length > 0) {
    const reason = `${unknown.join(', ')} could not be read: a kubelet may not start with it`;
    return fail({ reason, hint: 'look at /proc/sys on the node' });
  }
  const unfit = unfitKernelSettings(facts);
  if (unfit.length > 0) {
    const { reason, hint } = unfitText(unfit);
    return fail({ reason: `the kubelet would not start: ${reason}`, hint });
  }
  const files = filesIn(facts);
  const unread = files.find((path) => textOf(facts, path) === undefined && facts.files.get(path)?.kind !== 'absent');
  if (unread !== undefined && facts.files.has(unread)) {
    const reason = `${unread} could not be read: what it sets at the next boot is not known`;
    return fail({ reason, hint: `look at ${unread} on the node` });
  }
  const missing: string[] = [];
  for (const key of keys) {
    const said = files.flatMap((path) => declarationsOf(key, path, textOf(facts, path) ?? '')).at(-1);
    const wanted = wantedSettings[key] ?? 0;
    if (said !== undefined && said.value === String(wanted)) continue;
    if (said !== undefined && isBehindOurs(said.path)) {
      const reason = `${said.path}:${said.line} sets ${key} to ${said.value} at the next boot, and the kubelet would not start`;
      return fail({ reason, hint: `make it ${wanted} there first` });
    }
    missing.push(`${key} = ${wanted}`);
  }
  if (missing.length === 0) return ok([]);
  // A file of the same name in another folder has no effect any more once ours is there: what it says goes on being said.
  const before = files.find((path) => posix.basename(path) === ownName);
  const text = before === undefined ? undefined : textOf(facts, before);
  const head = text === undefined ? '# Written by kubelatch for protect-kernel-defaults.\n' : ended(text);
  return ok([{ path: ownFile, mode: '0644', text: `${head}${missing.join('\n')}\n` }]);
}

/** Characters of a line that are looked at. */
const longestLine = 1000;

const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

/** In the order they are read. A link to /dev/null silences the files of its name. */
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

const isBehindOurs = (path: string): boolean => path === lastFile || posix.basename(path) > ownName;

function declarationsOf(key: string, path: string, text: string): { path: string; line: number; value: string }[] {
  return text.split('\n').flatMap((whole, index) => {
    const line = whole.slice(0, longestLine);
    const match = /^\s*-?\s*([A-Za-z0-9_./*?-]+?)\s*=\s*(.*?)\s*$/.exec(line);
    const name = match?.[1]?.replaceAll('/', '.');
    return name !== undefined && covers(name, key) ? [{ path, line: index + 1, value: match?.[2] ?? '' }] : [];
  });
}

/** A star stands for a part of a name between two dots. */
function covers(name: string, key: string): boolean {
  if (!/[*?]/.test(name)) return name === key;
  // Nobody writes such a name in earnest, and trying it out may take for ever.
  if (name.split('*').length > 4) return true;
  const source = name.replaceAll('.', '\\.').replaceAll('*', '[^.]*').replaceAll('?', '[^.]');
  return new RegExp(`^${source}$`).test(key);
}
