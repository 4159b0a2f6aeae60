// How kubelet-arg entries meet the defaults, and which of them never reach the kubelet.
import { cpSync, copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const bare = (entry: string): string => entry.replace(/^--/, '');

/** A user's value replaces the default; `k+=v` comes after it, `k-=v` before it; repeats are kept; sorted by name. */
export function kubeletArguments(defaults: Readonly<Record<string, string>>, entries: readonly string[]): string[] {
  const left = new Map(Object.entries(defaults));
  const values = new Map<string, string[]>();
  for (const entry of entries) {
    const [, written = '', value = 'true'] = /^([^=]*)(?:=([\s\S]*))?$/.exec(bare(entry)) ?? [];
    const key = written.replace(/[-+]+$/, '');
    const standing = left.get(key);
    const before = [
      ...(standing === undefined || !/[-+]$/.test(written) ? [] : [standing]),
      ...(values.get(key) ?? []),
    ];
    values.set(key, written.endsWith('-') ? [value, ...before] : [...before, value]);
    left.delete(key);
  }
  for (const [key, value] of left) values.set(key, [value]);
  return [...values.keys()].sort().flatMap((key) => (values.get(key) ?? []).map((value) => `--${key}=${value}`));
}

export interface TakenEntries {
  readonly entries: readonly string[];
  /** Of the user's own file and folder, when entries name them. */
  readonly config: string | undefined;
  readonly configDir: string | undefined;
}

/**
 * Takes `config` and `config-dir` out, as from 1.32. An entry without `=` counts the next one as its value, which is then
 * lost: read from the source, not confirmed upstream. Throws for a `config` without value.
 */
export function takeConfigEntries(all: readonly string[]): TakenEntries {
  const entries: string[] = [];
  const taken: Record<string, string> = {};
  for (let i = 0; i < all.length; i += 1) {
    const entry = all[i] ?? '';
    const [, key = '', given] = /^([^=]*)(?:=([\s\S]*))?$/.exec(bare(entry)) ?? [];
    const value = given ?? all[i + 1] ?? '';
    if (given === undefined) i += 1;
    if (key !== 'config' && key !== 'config-dir') entries.push(entry);
    else if (value === '') throw new Error(`value required for kubelet-arg --${key}`);
    else taken[key] = value;
  }
  return { entries, config: taken['config'], configDir: taken['config-dir'] };
}

/** Copies what the entries name into the managed folder; nothing ever deletes such a copy. Throws when it cannot. */
export function copyConfigEntries(taken: TakenEntries, folder: string): void {
  const copy = (source: string | undefined, name: string, what: string): void => {
    if (source === undefined || source.startsWith(folder)) return;
    const target = join(folder, name);
    try {
      if (statSync(source).isDirectory()) cpSync(source, target, { recursive: true });
      else copyFileSync(source, target);
    } catch (thrown) {
      throw new Error(
        `copy ${what} ${JSON.stringify(source)} into managed drop-in dir ${JSON.stringify(target)}: ${(thrown as Error).message}`,
        { cause: thrown },
      );
    }
  };
  copy(taken.config, '10-cli-config.conf', 'config');
  copy(taken.configDir, '20-cli-config-dir', 'config-dir');
}
