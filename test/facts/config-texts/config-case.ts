/** What feeds one kubelet, as texts: its --config file, drop-ins, flags and lines of its unit. `~d~` stands for the case's folder. */

export interface ConfigCase {
  readonly name: string;
  /** The --config file behind its header; with `whole`, the whole of it. Neither: none is given. */
  readonly config?: string;
  readonly whole?: string | Buffer;
  /** Files below the folder of --config-dir, each behind a header but for `bare` ones. */
  readonly dropIns?: Readonly<Record<string, string>>;
  readonly bare?: Readonly<Record<string, string>>;
  /** Symbolic links, by their path below the case's folder. */
  readonly links?: Readonly<Record<string, string>>;
  /** --config-dir itself, where it is not the usual folder. */
  readonly configDir?: string;
  /** Behind the other words of ExecStart. */
  readonly flags?: string;
  /** More lines of [Service]. */
  readonly directives?: string;
  /** Minor versions of the kubelets that it is asked of; else of all. */
  readonly since?: number;
  readonly until?: number;
  /** A kubelet without a container runtime ends before it looks at this. */
  readonly late?: true;
  /** Why the stand-in kubelet is no judge of it. */
  readonly beyondStandin?: string;
}

export const header = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

/** Whether a kubelet is asked about a case. */
export function concerns(one: ConfigCase, minor: number, isStandin: boolean): boolean {
  if (isStandin && one.beyondStandin !== undefined) return false;
  // --config-dir needs a variable in 1.29, and came in 1.28.
  const hasFolder = one.dropIns !== undefined || one.bare !== undefined || one.configDir !== undefined;
  return minor >= Math.max(one.since ?? 0, hasFolder ? 30 : 0) && minor <= (one.until ?? Infinity);
}

/** Cases that are a name and a text each. */
export const configs = (texts: Readonly<Record<string, string>>, more: Partial<ConfigCase> = {}): ConfigCase[] =>
  Object.entries(texts).map(([name, config]) => ({ name, config, ...more }));
