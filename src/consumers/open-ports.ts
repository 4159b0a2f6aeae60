/** Which ports of a node are open to clients that a change would turn away: only their clients are looked for. Pure. */
import { configzValue, settingAt } from '../facts/effective-kubelet.js';
import type { PortsToProbe } from '../facts/exposed-ports.js';
import type { PortsView } from '../facts/kubelet-ports.js';

/** What to look for on one node. */
export interface ClientsToWatch {
  /** Ports of the read-only server that have a listener. */
  readonly readOnly: readonly number[];
  /** Ports of the kubelet's API, where it takes requests without credentials or without rights; else empty. */
  readonly kubelet: readonly number[];
  /** Ports of the kubelet's API, open or not. */
  readonly api: readonly number[];
  /** The unit that runs the kubelet: what else it holds is no client. */
  readonly unit: string;
}

/** Undefined where nothing of this node is open. */
export function clientsToWatch(view: PortsView, ports: PortsToProbe): ClientsToWatch | undefined {
  const isListening = (port: number): boolean => !ports.listed || ports.listening.some((one) => one.port === port);
  const readOnly = ports.readOnly.filter(isListening);
  const isClosed =
    isSet(view, 'authentication.anonymous.enabled', false) && isSet(view, 'authorization.mode', 'Webhook');
  const kubelet = isClosed ? [] : ports.kubelet;
  if (readOnly.length === 0 && kubelet.length === 0) return undefined;
  return { readOnly, kubelet, api: ports.kubelet, unit: view.setup.unit.name };
}

/** By the files, and by the running kubelet where it was asked. */
function isSet({ setup, configz }: PortsView, path: string, wanted: boolean | string): boolean {
  const setting = settingAt(setup.sources, path);
  if (setting === undefined) return false;
  return setting.value === wanted && (configz === undefined || configzValue(configz, setting.info) === wanted);
}
