/** The kernel settings without which a kubelet that must not change them refuses to start, now and after the next boot. */
import { posix } from 'node:path';
import { type NodeFacts, textOf } from '../facts/node-facts.js';
import { type Result, fail, ok } from '../lib/result.js';
import type { TextChange } from './distro.js';

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
const folder = '/etc/sysctl.d';
const ownFile = `${folder}/90-kubelet.conf`;
/** Read behind the folder, by `sysctl --system` and through the usual link 99-sysctl.conf. */
const lastFile = '/etc/sysctl.conf';

/** What has to be read of a node. */
export const kernelSettingsProbe = { read: [...keys.map(procPath), lastFile], folders: [folder] };

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

/** In words: what is, and the line that mends it. */
export function unfitText(unfit: readonly UnfitSetting[]): string {
  const is = unfit.map((one) => `${one.key} is ${one.is}`).join(', ');
  return `${is}: run \`sysctl -w ${unfit.map((one) => `${one.key}=${one.wanted}`).join(' ')}\` first`;
}

/**
 * The change that keeps the settings over the next boot; none where files say all of them already. Refused where the running kernel
 * has others: whoever runs the node decides on those.
 */
export function persistKernelSettings(facts: NodeFacts): Result<readonly TextChange[], string> {
  const unknown = keys.filter((key) => textOf(facts, procPath(key)) === undefined);
  if (unknown.length > 0) return fail(`${unknown.join(', ')} could not be read: a kubelet may not start with it`);
  const unfit = unfitKernelSettings(facts);
  if (unfit.length > 0) return fail(`the kubelet would not start: ${unfitText(unfit)}`);
  const files = [...filesIn(facts), lastFile];
  const unread = files.find((path) => facts.files.get(path)?.kind === 'unreadable');
  if (unread !== undefined) return fail(`${unread} could not be read: what it sets at the next boot is not known`);
  const missing: string[] = [];
  for (const key of keys) {
    const said = files.flatMap((path) => declarationsOf(key, path, textOf(facts, path) ?? '')).at(-1);
    if (said !== undefined && said.value === String(wantedSettings[key])) continue;
    if (said !== undefined && isBehindOurs(said.path)) {
      return fail(
        `${said.path}:${said.line} sets ${key} to ${said.value} at the next boot, and the kubelet would not start: make it ${wantedSettings[key] ?? 0} first`,
      );
    }
    missing.push(`${key} = ${wantedSettings[key] ?? 0}`);
  }
  if (missing.length === 0) return ok([]);
  const before = textOf(facts, ownFile);
  const head = before === undefined ? '# Written by kubelatch for protect-kernel-defaults.\n' : ended(before);
  return ok([{ path: ownFile, mode: '0644', text: `${head}${missing.join('\n')}\n` }]);
}

const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

const filesIn = (facts: NodeFacts): string[] =>
  [...facts.files.keys()].filter((path) => posix.dirname(path) === folder && path.endsWith('.conf')).sort();

const isBehindOurs = (path: string): boolean => path === lastFile || path > ownFile;

function declarationsOf(key: string, path: string, text: string): { path: string; line: number; value: string }[] {
  return text.split('\n').flatMap((line, index) => {
    const match = /^\s*-?\s*([A-Za-z0-9_./-]+?)\s*=\s*(.*?)\s*$/.exec(line);
    return match?.[1]?.replaceAll('/', '.') === key ? [{ path, line: index + 1, value: match[2] ?? '' }] : [];
  });
}
