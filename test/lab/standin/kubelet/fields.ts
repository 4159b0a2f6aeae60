// Every KubeletConfiguration field this kubelet knows: type, defaults with and without --config, flag, order of configz.
import type { Json } from '../json.js';
import { parseJson } from '../json.js';

type Kind = 'bool' | 'int' | 'float' | 'str' | 'dur' | 'list' | 'map' | 'any';
/** always: zero is shown and means the default; omit: zero is hidden; pointer: zero is a value of its own. */
type Presence = 'always' | 'omit' | 'pointer';

export interface Field {
  readonly path: readonly string[];
  readonly kind: Kind;
  readonly presence: Presence;
  /** undefined: none, the type's zero value. */
  readonly fallback: Json | undefined;
  /** The default when the kubelet runs without --config, where it differs. */
  readonly legacy: Json | undefined;
  readonly flag: string | undefined;
}

// path kind(*: pointer, ?: omitted when zero) default [--flag] [legacy=value]
const table = `
enableServer bool* true --enable-server
staticPodPath str? - --pod-manifest-path
podLogsDir str? "/var/log/pods"
syncFrequency dur "1m0s" --sync-frequency
fileCheckFrequency dur "20s" --file-check-frequency
httpCheckFrequency dur "20s" --http-check-frequency
staticPodURL str? - --manifest-url
address str? "0.0.0.0" --address
port int? 10250 --port
readOnlyPort int? - --read-only-port legacy=10255
tlsCertFile str? - --tls-cert-file
tlsPrivateKeyFile str? - --tls-private-key-file
tlsCipherSuites list? - --tls-cipher-suites
tlsMinVersion str? - --tls-min-version
rotateCertificates bool? - --rotate-certificates
serverTLSBootstrap bool? - --rotate-server-certificates
authentication.x509.clientCAFile str? - --client-ca-file
authentication.webhook.enabled bool* true --authentication-token-webhook legacy=false
authentication.webhook.cacheTTL dur "2m0s" --authentication-token-webhook-cache-ttl
authentication.anonymous.enabled bool* false --anonymous-auth legacy=true
authorization.mode str? "Webhook" --authorization-mode legacy="AlwaysAllow"
authorization.webhook.cacheAuthorizedTTL dur "5m0s" --authorization-webhook-cache-authorized-ttl
authorization.webhook.cacheUnauthorizedTTL dur "30s" --authorization-webhook-cache-unauthorized-ttl
registryPullQPS int* 5 --registry-qps
registryBurst int? 10 --registry-burst
eventRecordQPS int* 50 --event-qps
eventBurst int? 100 --event-burst
enableDebuggingHandlers bool* true --enable-debugging-handlers
enableContentionProfiling bool? - --contention-profiling
healthzPort int* 10248 --healthz-port
healthzBindAddress str? "127.0.0.1" --healthz-bind-address
oomScoreAdj int* -999 --oom-score-adj
clusterDomain str? - --cluster-domain
clusterDNS list? - --cluster-dns
streamingConnectionIdleTimeout dur "4h0m0s" --streaming-connection-idle-timeout
nodeStatusUpdateFrequency dur "10s" --node-status-update-frequency
nodeStatusReportFrequency dur "5m0s"
nodeLeaseDurationSeconds int? 40
imageMinimumGCAge dur "2m0s" --minimum-image-ttl-duration
imageMaximumGCAge dur -
imageGCHighThresholdPercent int* 85 --image-gc-high-threshold
imageGCLowThresholdPercent int* 80 --image-gc-low-threshold
volumeStatsAggPeriod dur "1m0s" --volume-stats-agg-period
kubeletCgroups str? - --kubelet-cgroups
systemCgroups str? - --system-cgroups
cgroupRoot str? - --cgroup-root
cgroupsPerQOS bool* true --cgroups-per-qos
cgroupDriver str? "cgroupfs" --cgroup-driver
cpuManagerPolicy str? "none" --cpu-manager-policy
cpuManagerPolicyOptions map? - --cpu-manager-policy-options
cpuManagerReconcilePeriod dur "10s" --cpu-manager-reconcile-period
memoryManagerPolicy str? "None" --memory-manager-policy
topologyManagerPolicy str? "none" --topology-manager-policy
topologyManagerScope str? "container" --topology-manager-scope
topologyManagerPolicyOptions map? - --topology-manager-policy-options
qosReserved map? - --qos-reserved
runtimeRequestTimeout dur "2m0s" --runtime-request-timeout
hairpinMode str? "promiscuous-bridge" --hairpin-mode
maxPods int? 110 --max-pods
podCIDR str? - --pod-cidr
podPidsLimit int* -1 --pod-max-pids
resolvConf str* "/etc/resolv.conf" --resolv-conf
runOnce bool? - --runonce
cpuCFSQuota bool* true --cpu-cfs-quota
cpuCFSQuotaPeriod dur "100ms" --cpu-cfs-quota-period
nodeStatusMaxImages int* 50 --node-status-max-images
maxOpenFiles int? 1000000 --max-open-files
contentType str? "application/vnd.kubernetes.protobuf" --kube-api-content-type
kubeAPIQPS int* 50 --kube-api-qps
kubeAPIBurst int? 100 --kube-api-burst
serializeImagePulls bool* true --serialize-image-pulls
maxParallelImagePulls int? -
evictionHard map? {"imagefs.available":"15%","imagefs.inodesFree":"5%","memory.available":"100Mi","nodefs.available":"10%","nodefs.inodesFree":"5%"} --eviction-hard
evictionSoft map? - --eviction-soft
evictionSoftGracePeriod map? - --eviction-soft-grace-period
evictionPressureTransitionPeriod dur "5m0s" --eviction-pressure-transition-period
evictionMaxPodGracePeriod int? - --eviction-max-pod-grace-period
evictionMinimumReclaim map? - --eviction-minimum-reclaim
podsPerCore int? - --pods-per-core
enableControllerAttachDetach bool* true --enable-controller-attach-detach
protectKernelDefaults bool? - --protect-kernel-defaults
makeIPTablesUtilChains bool* true --make-iptables-util-chains
iptablesMasqueradeBit int* 14 --iptables-masquerade-bit
iptablesDropBit int* 15 --iptables-drop-bit
featureGates map? - --feature-gates
failSwapOn bool* true --fail-swap-on
memorySwap any {}
containerLogMaxSize str? "10Mi" --container-log-max-size
containerLogMaxFiles int* 5 --container-log-max-files
containerLogMaxWorkers int* 1
containerLogMonitorInterval dur "10s"
configMapAndSecretChangeDetectionStrategy str? "Watch"
systemReserved map? - --system-reserved
kubeReserved map? - --kube-reserved
systemReservedCgroup str? - --system-reserved-cgroup
kubeReservedCgroup str? - --kube-reserved-cgroup
enforceNodeAllocatable list? ["pods"] --enforce-node-allocatable
reservedSystemCPUs str? - --reserved-cpus
reservedMemory any? - --reserved-memory
allowedUnsafeSysctls list? - --allowed-unsafe-sysctls
kernelMemcgNotification bool? - --kernel-memcg-notification
volumePluginDir str? "/usr/libexec/kubernetes/kubelet-plugins/volume/exec/" --volume-plugin-dir
providerID str? - --provider-id
logging any {"format":"text","flushFrequency":"5s","verbosity":0,"options":{"text":{"infoBufferSize":"0"},"json":{"infoBufferSize":"0"}}}
enableSystemLogHandler bool* true
enableSystemLogQuery bool* false
shutdownGracePeriod dur -
shutdownGracePeriodCriticalPods dur -
shutdownGracePeriodByPodPriority any? -
enableProfilingHandler bool* true
enableDebugFlagsHandler bool* true
seccompDefault bool* false --seccomp-default
memoryThrottlingFactor float* 0.9
registerWithTaints any? - --register-with-taints
registerNode bool* true --register-node
tracing any? -
localStorageCapacityIsolation bool* true --local-storage-capacity-isolation
containerRuntimeEndpoint str "unix:///run/containerd/containerd.sock" --container-runtime-endpoint
imageServiceEndpoint str? - --image-service-endpoint
failCgroupV1 bool* false
`;

function parseField(line: string): Field {
  const [path = '', mark = '', fallback = '-', ...rest] = line.split(' ');
  const legacy = rest.find((word) => word.startsWith('legacy='))?.slice('legacy='.length);
  const presence = mark.endsWith('*') ? 'pointer' : mark.endsWith('?') ? 'omit' : 'always';
  return {
    path: path.split('.'),
    kind: mark.replace(/[*?]$/, '') as Kind,
    presence,
    fallback: fallback === '-' ? undefined : parseJson(fallback),
    legacy: legacy === undefined ? undefined : parseJson(legacy),
    flag: rest.find((word) => word.startsWith('--'))?.slice(2),
  };
}

export const fields: readonly Field[] = table.trim().split('\n').map(parseField);
