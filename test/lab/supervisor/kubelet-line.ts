// From the kubelet's line as k3s and RKE2 mean it to the one that the lab's kubelet is started with.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { at, objectOf, put, type JsonObject } from '../standin/json.js';
import { effectiveConfig } from '../standin/kubelet/config.js';
import { fields } from '../standin/kubelet/fields.js';
import { parseCommandLine } from '../standin/kubelet/flags.js';
import { shortTimes } from './defaults.js';
import { release } from './distro.js';

const folder = '/run/lab';
const handedOver = `${folder}/kubelet-config.json`;

/** What a kubelet inside a container needs. */
const inContainer = { cgroupDriver: 'cgroupfs', cgroupsPerQOS: false, enforceNodeAllocatable: [], failSwapOn: false };

// Fields that a kubelet of 1.20 does not know: it would start, and complain of them.
const since120 = new Set(
  `podLogsDir cpuManagerPolicyOptions memoryManagerPolicy topologyManagerPolicyOptions imageMaximumGCAge maxParallelImagePulls
 memorySwap containerLogMaxWorkers containerLogMonitorInterval reservedMemory enableSystemLogQuery
 shutdownGracePeriodByPodPriority enableProfilingHandler enableDebugFlagsHandler seccompDefault memoryThrottlingFactor
 registerWithTaints registerNode tracing localStorageCapacityIsolation containerRuntimeEndpoint imageServiceEndpoint
 failCgroupV1 logging volumePluginDir providerID enableServer`.split(/\s+/),
);
const gatesOf120 = new Set(['AllAlpha', 'AllBeta', 'RotateKubeletClientCertificate', 'RotateKubeletServerCertificate']);
const flagsOf120 = ['hostname-override', 'kubeconfig', 'node-ip', 'node-labels', 'root-dir', 'cert-dir', 'v'];

function write(config: JsonObject): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const head = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' };
  writeFileSync(handedOver, JSON.stringify({ ...head, ...config }), { mode: 0o600 });
}

function forReal(line: ReturnType<typeof parseCommandLine>, full: JsonObject): string[] {
  const config: JsonObject = {};
  for (const { path } of fields) {
    const value = at(full, ...path);
    if (value !== undefined && !since120.has(path[0] ?? '')) put(config, path, value);
  }
  const gates = Object.entries(objectOf(config['featureGates'])).filter(([gate]) => gatesOf120.has(gate));
  write({ ...config, featureGates: Object.fromEntries(gates), ...inContainer });
  const kept = flagsOf120.flatMap((name) => {
    const value = line.plain[name] ?? '';
    return value === '' ? [] : [`--${name}=${value}`];
  });
  const runtime = ['--container-runtime=remote', '--container-runtime-endpoint=unix:///run/containerd/containerd.sock'];
  return [...kept, ...runtime, `--config=${handedOver}`];
}

/** The stand-in takes any line of its version; the lab's real kubelet is a 1.20. */
export function kubeletIsStandIn(): boolean {
  return readFileSync('/opt/planted/kind', 'utf8').trim() === 'standin';
}

/**
 * Merges files and drop-ins by the kubelet's own rules where its program cannot. Throws with the kubelet's words where it
 * would end.
 */
export function lineToRun(args: readonly string[], version: string, standIn: boolean): string[] {
  const line = parseCommandLine(args, release(version)[0]);
  const files = line.plain['config-dir'] !== undefined || line.plain['config'] !== undefined;
  if (standIn && files) return [...args];
  const full = effectiveConfig(line, true);
  // Before 1.32 there are flags only, and for the lease there is none: legacy defaults in a file leave the rest as it is.
  if (!files) {
    const own = line.settings['nodeStatusUpdateFrequency'];
    Object.assign(full, shortTimes, own === undefined ? {} : { nodeStatusUpdateFrequency: own });
  }
  if (!standIn) return forReal(line, full);
  write(full);
  return [...args, `--config=${handedOver}`];
}
