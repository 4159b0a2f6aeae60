/** Compares the arguments a running kubelet was started with to those its files would give it now. Pure. */
import { type KubeletSources, effectiveSetting } from './effective-kubelet.js';
import type { Flag } from './kubelet-flags.js';
import { sameSetting } from './same-setting.js';
import { type SettingInfo, type Value, settings } from './settings.js';

export interface RunningFlags {
  readonly flags: readonly Flag[];
  /** Where the flags were read, in words. */
  readonly where: string;
}

export interface DifferingSetting {
  readonly info: SettingInfo;
  readonly declared: Value;
  /** The value that results from the running kubelet's arguments on top of the current files. */
  readonly running: Value;
  readonly where: string;
}

/** Settings whose value differs between the running arguments and the files. Empty if the arguments are unknown. */
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

/** The arguments are comparable only if both name the same --config file. */
function isComparable(declared: readonly Flag[], running: readonly Flag[]): boolean {
  const config = (flags: readonly Flag[]): string | undefined => flags.findLast(({ name }) => name === 'config')?.value;
  return config(declared) === config(running);
}
