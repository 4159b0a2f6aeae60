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
const runtime = '--container-runtime-endpoint=unix:///run/containerd/containerd.sock';

/** What a kubelet inside a container needs. */
const inContainer = { cgroupDriver: 'cgroupfs', cgroupsPerQOS: false, enforceNodeAllocatable: [], failSwapOn: false };
const inContainerFlags = [
  '--cgroup-driver=cgroupfs',
  '--cgroups-per-qos=false',
  '--enforce-node-allocatable=',
  '--fail-swap-on=false',
];

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

/** From this one on drop-in folders are the kubelet's own affair, and a line of any release since is taken as it is. */
const readsDropIns = 30;
/** Flags of an older release's line, and the first kubelet that would end because of them. */
const goneIn: Readonly<Record<string, number>> = { 'pod-infra-container-image': 35, containerd: 37 };

function write(config: JsonObject): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const head = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' };
  writeFileSync(handedOver, JSON.stringify({ ...head, ...config }), { mode: 0o600 });
}

/** A real kubelet before it read drop-ins gets all that was merged for it as one file. */
function forOlder(line: ReturnType<typeof parseCommandLine>, full: JsonObject, minor: number): string[] {
  const is120 = minor < 29;
  const config: JsonObject = {};
  for (const { path } of fields) {
    const value = at(full, ...path);
    if (value !== undefined && !(is120 && since120.has(path[0] ?? ''))) put(config, path, value);
  }
  const gates = Object.entries(objectOf(config['featureGates'])).filter(([gate]) => !is120 || gatesOf120.has(gate));
  write({ ...config, featureGates: Object.fromEntries(gates), ...inContainer });
  const kept = flagsOf120.flatMap((name) => {
    const value = line.plain[name] ?? '';
    return value === '' ? [] : [`--${name}=${value}`];
  });
  return [...kept, ...(minor < 27 ? ['--container-runtime=remote'] : []), runtime, `--config=${handedOver}`];
}

/** What a kubelet without any file has of itself, and the lab's short times, for which there are no flags. */
function legacyDefaults(): JsonObject {
  const config: JsonObject = {};
  for (const { path, legacy } of fields) if (legacy !== undefined) put(config, path, legacy);
  return { ...config, ...shortTimes };
}

/** A newer real kubelet reads the product's own line; the last use of a flag counts. */
function forNewer(args: readonly string[], minor: number): string[] {
  const name = (word: string): string => /^--([^=]*)/.exec(word)?.[1] ?? '';
  // Nobody here would take away the taint of a node that waits for its cloud.
  const kept = args.filter((word) => name(word) !== 'cloud-provider' && (goneIn[name(word)] ?? Infinity) > minor);
  const hasFiles = args.some((word) => ['config', 'config-dir'].includes(name(word)));
  if (!hasFiles) write(legacyDefaults());
  return [
    ...kept,
    ...(hasFiles ? [] : [`--config=${handedOver}`]),
    ...inContainerFlags,
    // From 1.35 on it would end on a machine with the first version of control groups.
    ...(minor >= 35 ? ['--fail-cgroupv1=false'] : []),
    runtime,
  ];
}

/** Which kubelet the lab runs: the minor of a real one's version, or none for the stand-in, which takes any line. */
export function realMinor(): number | undefined {
  if (readFileSync('/opt/planted/kind', 'utf8').trim() === 'standin') return undefined;
  return Number(readFileSync('/opt/planted/minor', 'utf8'));
}

/**
 * Merges files and drop-ins by the kubelet's own rules where its program cannot. Throws with the kubelet's words where it
 * would end.
 */
export function lineToRun(args: readonly string[], version: string, real: number | undefined): string[] {
  if (real !== undefined && real >= readsDropIns) return forNewer(args, real);
  const line = parseCommandLine(args, release(version)[0]);
  const files = line.plain['config-dir'] !== undefined || line.plain['config'] !== undefined;
  if (real === undefined && files) return [...args];
  const full = effectiveConfig(line, true);
  // Before 1.32 there are flags only, and for the lease there is none: legacy defaults in a file leave the rest as it is.
  if (!files) {
    const own = line.settings['nodeStatusUpdateFrequency'];
    Object.assign(full, shortTimes, own === undefined ? {} : { nodeStatusUpdateFrequency: own });
  }
  if (real !== undefined) return forOlder(line, full, real);
  write(full);
  return [...args, `--config=${handedOver}`];
}
