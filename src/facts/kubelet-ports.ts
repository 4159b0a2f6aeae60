/** The ports that a kubelet listens on, according to its files and the running process. Pure. */
import { isEveryAddress } from '../lib/ip-address.js';
import { unique } from '../lib/lists.js';
import { type KubeletSources, configzValue, effectiveSetting, settingAt } from './effective-kubelet.js';
import { flagsOfWords } from './kubelet-flags.js';
import type { KubeletSetup } from './kubelet-setup.js';
import type { NodeFacts } from './node-facts.js';
import type { Configz } from './running-differences.js';
import { settingByPath } from './settings.js';

export interface KubeletPorts {
  readonly kubelet: number;
  /** The port that the read-only server uses or used. 10255 if it is off. */
  readonly readOnly: number;
  /** 0 if there is no health port. */
  readonly healthz: number;
  readonly healthzHost: string;
  /** The address of the API and the read-only server. Plans of older versions lack it and assume every address. */
  readonly address?: string | undefined;
  /** All ports that the read-only server has, had or gets, if there are others than `readOnly`. */
  readonly readOnlyPorts?: readonly number[] | undefined;
  /** The ports before the change, if it moves one of them. The check after a revert uses these. */
  readonly before?: KubeletPorts | undefined;
}

/** The facts about a kubelet that determine its ports. */
export interface PortsView {
  readonly setup: KubeletSetup;
  readonly facts: NodeFacts;
  readonly configz: Configz;
}

const loopbacks: readonly string[] = ['127.0.0.1', '::1'];

/** The local addresses at which to reach a listener bound to `address`. The first one with a listener is enough. */
export const probeAddresses = (address: string | undefined): readonly string[] =>
  address === undefined || isEveryAddress(address) ? loopbacks : [address];

export const readOnlyPorts = ({ readOnly, readOnlyPorts: all }: KubeletPorts): readonly number[] => all ?? [readOnly];

/** The ports according to the current files. The read-only port also includes the one the running kubelet uses. */
export function portsOf(view: PortsView): KubeletPorts {
  const { sources } = view.setup;
  const readOnly = knownPorts(view, 'readOnlyPort');
  const healthzHost = textOf(sources, 'healthzBindAddress');
  // If nothing listens on the health port today (readiness is served elsewhere), the gate must not wait for it after a change.
  const { processes, listening } = view.facts;
  const open = new Set(knownPorts(view, 'healthzPort'));
  const served = processes.length === 0 || listening.some(({ port }) => open.has(port));
  return {
    kubelet: portOf(sources, 'port') || 10250,
    readOnly: readOnly[0] ?? 10255,
    healthz: served ? portOf(sources, 'healthzPort') : 0,
    healthzHost: isEveryAddress(healthzHost) ? '127.0.0.1' : healthzHost,
    address: textOf(sources, 'address'),
    ...(readOnly.length > 1 ? { readOnlyPorts: readOnly } : {}),
  };
}

/** The ports after a change: `after` is the kubelet with its new files. */
export function plannedPorts(view: PortsView, after: KubeletSetup): KubeletPorts {
  const before = portsOf(view);
  const planned = portsOf({ ...view, setup: after });
  const readOnly = unique([...readOnlyPorts(before), portOf(after.sources, 'readOnlyPort')]).filter((port) => port > 0);
  const ports = {
    ...planned,
    readOnly: before.readOnly,
    healthz: before.healthz === 0 ? 0 : portOf(after.sources, 'healthzPort'),
    ...(readOnly.length > 1 ? { readOnlyPorts: readOnly } : {}),
  };
  const moved = (['kubelet', 'healthz', 'healthzHost', 'address'] as const).some((one) => ports[one] !== before[one]);
  return moved ? { ...ports, before } : ports;
}

/** All ports that a setting may currently stand for: from the files, from the running kubelet's configz, and from its arguments. */
export function knownPorts({ setup, configz }: PortsView, path: string): number[] {
  const info = settingByPath.get(path);
  if (info === undefined) return [];
  const { sources, process, running, argumentsVisible } = setup;
  const argv = argumentsVisible === false ? undefined : process?.argv.slice(1);
  const flags = running?.flags ?? (argv && flagsOfWords(argv));
  const values = [
    effectiveSetting(sources, info).value,
    configz === undefined ? undefined : configzValue(configz, info),
    flags === undefined ? undefined : effectiveSetting({ ...sources, flags }, info).value,
  ];
  return unique(values.map(portNumber)).filter((port) => port > 0);
}

const portOf = (sources: KubeletSources, path: string): number => portNumber(settingAt(sources, path)?.value);

const portNumber = (value: unknown): number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536 ? value : 0;

const textOf = (sources: KubeletSources, path: string): string => {
  const value = settingAt(sources, path)?.value;
  return typeof value === 'string' ? value : '';
};
