/** Every field of KubeletConfiguration from 1.29 to 1.36 in one table: type, default, flag, first version, and allowed values.
 * Sources: kubernetes/kubelet config/v1beta1/types.go (tags v0.29 to v0.36), pkg/kubelet/apis/config/v1beta1/defaults.go,
 * cmd/kubelet/app/options/options.go (flags, applyLegacyDefaults), pkg/kubelet/apis/config/validation/validation.go.
 */
import { isAmong } from '../lib/is-among.js';
import type { Value } from './value.js';

const fieldTypes = [
  ...(['bool', 'int32', 'int64', 'uint32', 'float', 'string', 'quantity'] as const),
  /** A duration as Go writes it; `time` also accepts a number of nanoseconds. */
  ...(['duration', 'time'] as const),
  /** Lists of strings, of integers, of mappings. */
  ...(['strings', 'ints', 'objects'] as const),
  /** Mappings to strings, to booleans, to lists of strings, to quantities. */
  ...(['texts', 'gates', 'lists', 'quantities'] as const),
] as const;
export type FieldType = (typeof fieldTypes)[number];

export interface Field {
  /** As in the file; `[]` stands for the items of a list. */
  readonly path: string;
  readonly type: FieldType;
  /** A zero in the file is a value of its own. Without a pointer, zero means the default. */
  readonly pointer: boolean;
  /** The default. Null if there is none. */
  readonly fallback: Value;
  /** The default without --config, if it differs. */
  readonly legacy: Value | undefined;
  readonly flag: string | undefined;
  /** The minor version that added the field. Undefined: 1.29 or earlier. */
  readonly since: number | undefined;
  /** The default differs between versions, or the kubelet fills it in when it starts. */
  readonly varies: boolean;
  /** The validation rule, as in the table. */
  readonly rule: string | undefined;
}

// path type(*: pointer) default [--flag] [legacy=VALUE] [since=MINOR] [vary] [rule]
// Rules: 0..100 is a range (durations in milliseconds), {a|b} is a choice; field-rules.ts defines the named ones.
const table = `
authentication.anonymous.enabled bool* false --anonymous-auth legacy=true
authentication.webhook.enabled bool* true --authentication-token-webhook legacy=false
authentication.webhook.cacheTTL duration "2m0s" --authentication-token-webhook-cache-ttl
authentication.x509.clientCAFile string - --client-ca-file
authorization.mode string "Webhook" --authorization-mode legacy="AlwaysAllow" {AlwaysAllow|Webhook}
authorization.webhook.cacheAuthorizedTTL duration "5m0s" --authorization-webhook-cache-authorized-ttl
authorization.webhook.cacheUnauthorizedTTL duration "30s" --authorization-webhook-cache-unauthorized-ttl
enableServer bool* true --enable-server
staticPodPath string - --pod-manifest-path
syncFrequency duration "1m0s" --sync-frequency
fileCheckFrequency duration "20s" --file-check-frequency
httpCheckFrequency duration "20s" --http-check-frequency
staticPodURL string - --manifest-url
staticPodURLHeader lists -
address string "0.0.0.0" --address ip
port int32 10250 --port 1..65535
readOnlyPort int32 - --read-only-port legacy=10255 0..65535
tlsCertFile string - --tls-cert-file vary
tlsPrivateKeyFile string - --tls-private-key-file vary
tlsCipherSuites strings - --tls-cipher-suites suites
tlsMinVersion string - --tls-min-version {|VersionTLS10|VersionTLS11|VersionTLS12|VersionTLS13}
rotateCertificates bool - --rotate-certificates
serverTLSBootstrap bool - --rotate-server-certificates
registryPullQPS int32* 5 --registry-qps vary 0..
registryBurst int32 10 --registry-burst vary 0..
eventRecordQPS int32* 50 --event-qps vary 0..
eventBurst int32 100 --event-burst vary 0..
enableDebuggingHandlers bool* true --enable-debugging-handlers
enableContentionProfiling bool - --contention-profiling
healthzPort int32* 10248 --healthz-port 0..65535
healthzBindAddress string "127.0.0.1" --healthz-bind-address
oomScoreAdj int32* -999 --oom-score-adj -1000..1000
clusterDomain string - --cluster-domain
clusterDNS strings - --cluster-dns
streamingConnectionIdleTimeout duration "4h0m0s" --streaming-connection-idle-timeout
nodeStatusUpdateFrequency duration "10s" --node-status-update-frequency
nodeStatusReportFrequency duration "5m0s" vary
nodeLeaseDurationSeconds int32 40 1..
imageMinimumGCAge duration "2m0s" --minimum-image-ttl-duration vary 0..
imageMaximumGCAge duration - 0..
imageGCHighThresholdPercent int32* 85 --image-gc-high-threshold 0..100
imageGCLowThresholdPercent int32* 80 --image-gc-low-threshold 0..100
volumeStatsAggPeriod duration "1m0s" --volume-stats-agg-period
kubeletCgroups string - --kubelet-cgroups vary
systemCgroups string - --system-cgroups vary
cgroupRoot string - --cgroup-root
cgroupsPerQOS bool* true --cgroups-per-qos
cgroupDriver string "cgroupfs" --cgroup-driver vary
cpuManagerPolicy string "none" --cpu-manager-policy {none|static}
cpuManagerPolicyOptions texts - --cpu-manager-policy-options
cpuManagerReconcilePeriod duration "10s" --cpu-manager-reconcile-period vary
memoryManagerPolicy string "None" --memory-manager-policy {None|Static}
topologyManagerPolicy string "none" --topology-manager-policy {none|best-effort|restricted|single-numa-node}
topologyManagerScope string "container" --topology-manager-scope {container|pod}
topologyManagerPolicyOptions texts - --topology-manager-policy-options
qosReserved texts - --qos-reserved
runtimeRequestTimeout duration "2m0s" --runtime-request-timeout
hairpinMode string "promiscuous-bridge" --hairpin-mode {promiscuous-bridge|hairpin-veth|none}
maxPods int32 110 --max-pods 0..
podCIDR string - --pod-cidr
podPidsLimit int64* -1 --pod-max-pids
resolvConf string* "/etc/resolv.conf" --resolv-conf vary
runOnce bool - --runonce
cpuCFSQuota bool* true --cpu-cfs-quota
cpuCFSQuotaPeriod duration* "100ms" --cpu-cfs-quota-period 1..1000
nodeStatusMaxImages int32* 50 --node-status-max-images -1..
maxOpenFiles int64 1000000 --max-open-files vary 0..
contentType string "application/vnd.kubernetes.protobuf" --kube-api-content-type
kubeAPIQPS int32* 50 --kube-api-qps vary 0..
kubeAPIBurst int32 100 --kube-api-burst vary 0..
serializeImagePulls bool* true --serialize-image-pulls vary
maxParallelImagePulls int32* - vary 1..
evictionHard texts {"imagefs.available":"15%","imagefs.inodesFree":"5%","memory.available":"100Mi","nodefs.available":"10%","nodefs.inodesFree":"5%"} --eviction-hard vary thresholds
evictionSoft texts - --eviction-soft thresholds
evictionSoftGracePeriod texts - --eviction-soft-grace-period grace
evictionPressureTransitionPeriod duration "5m0s" --eviction-pressure-transition-period
evictionMaxPodGracePeriod int32 - --eviction-max-pod-grace-period
evictionMinimumReclaim texts - --eviction-minimum-reclaim reclaims
podsPerCore int32 - --pods-per-core 0..
enableControllerAttachDetach bool* true --enable-controller-attach-detach
protectKernelDefaults bool - --protect-kernel-defaults
makeIPTablesUtilChains bool* true --make-iptables-util-chains
iptablesMasqueradeBit int32* 14 --iptables-masquerade-bit 0..31
iptablesDropBit int32* 15 --iptables-drop-bit 0..31
featureGates gates - --feature-gates
failSwapOn bool* true --fail-swap-on
memorySwap.swapBehavior string - {|NoSwap|LimitedSwap|UnlimitedSwap}
containerLogMaxSize string "10Mi" --container-log-max-size quantity
containerLogMaxFiles int32* 5 --container-log-max-files 2..
configMapAndSecretChangeDetectionStrategy string "Watch" {Get|Cache|Watch}
systemReserved texts - --system-reserved reserved
kubeReserved texts - --kube-reserved reserved
reservedSystemCPUs string - --reserved-cpus
showHiddenMetricsForVersion string -
systemReservedCgroup string - --system-reserved-cgroup
kubeReservedCgroup string - --kube-reserved-cgroup
enforceNodeAllocatable strings ["pods"] --enforce-node-allocatable vary enforce
allowedUnsafeSysctls strings - --allowed-unsafe-sysctls
volumePluginDir string "/usr/libexec/kubernetes/kubelet-plugins/volume/exec/" --volume-plugin-dir vary
providerID string - --provider-id vary
kernelMemcgNotification bool - --kernel-memcg-notification
logging.format string "text" --logging-format vary
logging.flushFrequency time "5s" --log-flush-frequency vary
logging.verbosity uint32 0 --v vary
logging.vmodule objects - --vmodule vary
logging.vmodule[].filePattern string -
logging.vmodule[].verbosity uint32 -
logging.options.text.splitStream bool - --log-text-split-stream since=30
logging.options.text.infoBufferSize quantity - --log-text-info-buffer-size since=30 vary
logging.options.json.splitStream bool - --log-json-split-stream
logging.options.json.infoBufferSize quantity - --log-json-info-buffer-size vary
enableSystemLogHandler bool* true
enableSystemLogQuery bool* false vary
shutdownGracePeriod duration -
shutdownGracePeriodCriticalPods duration -
shutdownGracePeriodByPodPriority objects -
shutdownGracePeriodByPodPriority[].priority int32 -
shutdownGracePeriodByPodPriority[].shutdownGracePeriodSeconds int64 -
reservedMemory objects - --reserved-memory
reservedMemory[].numaNode int32 -
reservedMemory[].limits quantities -
enableProfilingHandler bool* true
enableDebugFlagsHandler bool* true
seccompDefault bool* false --seccomp-default
memoryThrottlingFactor float* 0.9 vary 0..1
registerWithTaints objects - --register-with-taints
registerWithTaints[].key string -
registerWithTaints[].value string -
registerWithTaints[].effect string -
registerWithTaints[].timeAdded string -
registerNode bool* true --register-node
tracing.endpoint string* - vary
tracing.samplingRatePerMillion int32* - vary 0..1000000
localStorageCapacityIsolation bool* true --local-storage-capacity-isolation
containerRuntimeEndpoint string "unix:///run/containerd/containerd.sock" --container-runtime-endpoint vary
imageServiceEndpoint string - --image-service-endpoint vary
podLogsDir string "/var/log/pods" since=30 vary
containerLogMaxWorkers int32* 1 since=30 vary 1..
containerLogMonitorInterval duration* "10s" since=30 vary 3000..
failCgroupV1 bool* true --fail-cgroupv1 since=31 vary
singleProcessOOMKill bool* - since=32 vary
crashLoopBackOff.maxContainerRestartPeriod duration* - since=32 vary
imagePullCredentialsVerificationPolicy string - since=33 vary {NeverVerify|NeverVerifyPreloadedImages|NeverVerifyAllowlistedImages|AlwaysVerify}
preloadedImagesVerificationAllowlist strings - since=33
mergeDefaultEvictionSettings bool* false since=33 vary
userNamespaces.idsPerPod int64* - since=33 vary
tlsCurvePreferences ints - since=36
memoryReservationPolicy string - since=36 vary {None|TieredReservation}
`;

function parseField(line: string): Field {
  const [path = '', type = '', fallback = '-', ...rest] = line.split(' ');
  const behind = (head: string): string | undefined => rest.find((word) => word.startsWith(head))?.slice(head.length);
  const name = type.replace('*', '');
  if (!isAmong(fieldTypes, name)) throw new Error(`unknown type ${name} in the table of fields`);
  const legacy = behind('legacy=');
  const since = behind('since=');
  return {
    path,
    type: name,
    pointer: type.endsWith('*'),
    fallback: fallback === '-' ? null : (JSON.parse(fallback) as Value),
    legacy: legacy === undefined ? undefined : (JSON.parse(legacy) as Value),
    flag: behind('--'),
    since: since === undefined ? undefined : Number(since),
    varies: rest.includes('vary'),
    rule: rest.find((word) => word !== 'vary' && !/^(--|legacy=|since=)/.test(word)),
  };
}

export const fields: readonly Field[] = table.trim().split('\n').map(parseField);
/** The oldest minor version that the tables of fields and flags cover. */
export const firstMinor = 29;
