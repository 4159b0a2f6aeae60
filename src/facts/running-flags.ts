/** The arguments that a running kubelet was started with, held against those that its files would give it now. Pure. */
import { type KubeletSources, effectiveSetting } from './effective-kubelet.js';
import type { Flag } from './kubelet-flags.js';
import { sameSetting } from './same-setting.js';
import { type SettingInfo, type Value, settings } from './settings.js';

export interface RunningFlags {
  readonly flags: readonly Flag[];
  /** Where they were read, in words. */
  readonly where: string;
}

export interface DifferingSetting {
  readonly info: SettingInfo;
  readonly declared: Value;
  /** What the running kubelet's arguments make of it, with the files as they are now beneath them. */
  readonly running: Value;
  readonly where: string;
}

/** Settings that the running arguments give another value than the files would; none where the arguments are not known. */
export function differingSettings(setup: {
  readonly sources: KubeletSources;
  readonly running?: RunningFlags | undefined;
}): DifferingSetting[] {
  const { sources, running } = setup;
  if (running === undefined || !isComparable(sources.flags, running.flags)) return [];
  const started: KubeletSources = { ...sources, flags: running.flags };
  return settings.flatMap((info) => {
    const isFlag = ({ name }: Flag): boolean => name === info.flag;
    if (!sources.flags.some(isFlag) && !running.flags.some(isFlag)) return [];
    const declared = effectiveSetting(sources, info).value;
    const value = effectiveSetting(started, info).value;
    return sameSetting(declared, value) ? [] : [{ info, declared, running: value, where: running.where }];
  });
}

/** A kubelet that reads another file than was understood is no measure for that one. */
function isComparable(declared: readonly Flag[], running: readonly Flag[]): boolean {
  const config = (flags: readonly Flag[]): string | undefined => flags.findLast(({ name }) => name === 'config')?.value;
  return config(declared) === config(running);
}
