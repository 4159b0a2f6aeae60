/** The kubelet's settings that hardening is about: field, flag, and the two sets of defaults.
 * Source: kubernetes cmd/kubelet/app/options/options.go (applyLegacyDefaults) and pkg/kubelet/apis/config/v1beta1/defaults.go.
 */
export type SettingKind = 'boolean' | 'integer' | 'string' | 'duration' | 'list' | 'map';
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

export interface SettingInfo {
  /** Path in KubeletConfiguration. */
  readonly path: string;
  /** Without the dashes; undefined: the file alone can say it. */
  readonly flag?: string;
  readonly kind: SettingKind;
  /** In effect with no --config; a value for both where the two agree. */
  readonly flagDefault: Value;
  /** In effect with --config. */
  readonly fileDefault: Value;
  /** The kubelet fills in what is left out (a self-signed certificate), or its default changed between versions. */
  readonly filledIn?: true;
  /** A zero in the file means the default. */
  readonly zeroIsDefault?: true;
}

const both = (path: string, flag: string, kind: SettingKind, value: Value, extra: object = {}): SettingInfo => ({
  path,
  flag,
  kind,
  flagDefault: value,
  fileDefault: value,
  ...extra,
});
const zeroIsDefault = { zeroIsDefault: true };
const filledIn = { filledIn: true };

export const settings: readonly SettingInfo[] = [
  { ...both('authentication.anonymous.enabled', 'anonymous-auth', 'boolean', false), flagDefault: true },
  { ...both('authentication.webhook.enabled', 'authentication-token-webhook', 'boolean', true), flagDefault: false },
  both('authentication.webhook.cacheTTL', 'authentication-token-webhook-cache-ttl', 'duration', '2m0s', zeroIsDefault),
  both('authentication.x509.clientCAFile', 'client-ca-file', 'string', ''),
  { ...both('authorization.mode', 'authorization-mode', 'string', 'Webhook'), flagDefault: 'AlwaysAllow' },
  both(
    'authorization.webhook.cacheAuthorizedTTL',
    'authorization-webhook-cache-authorized-ttl',
    'duration',
    '5m0s',
    zeroIsDefault,
  ),
  both(
    'authorization.webhook.cacheUnauthorizedTTL',
    'authorization-webhook-cache-unauthorized-ttl',
    'duration',
    '30s',
    zeroIsDefault,
  ),
  { ...both('readOnlyPort', 'read-only-port', 'integer', 0), flagDefault: 10255 },
  both('port', 'port', 'integer', 10250, zeroIsDefault),
  both('address', 'address', 'string', '0.0.0.0'),
  both('serverTLSBootstrap', 'rotate-server-certificates', 'boolean', false),
  both('rotateCertificates', 'rotate-certificates', 'boolean', false),
  both('tlsCertFile', 'tls-cert-file', 'string', '', filledIn),
  both('tlsPrivateKeyFile', 'tls-private-key-file', 'string', '', filledIn),
  both('tlsCipherSuites', 'tls-cipher-suites', 'list', []),
  both('tlsMinVersion', 'tls-min-version', 'string', ''),
  both('streamingConnectionIdleTimeout', 'streaming-connection-idle-timeout', 'duration', '4h0m0s', zeroIsDefault),
  both('makeIPTablesUtilChains', 'make-iptables-util-chains', 'boolean', true),
  both('protectKernelDefaults', 'protect-kernel-defaults', 'boolean', false),
  both('eventRecordQPS', 'event-qps', 'integer', 50, filledIn),
  both('podPidsLimit', 'pod-max-pids', 'integer', -1),
  both('seccompDefault', 'seccomp-default', 'boolean', false),
  both('enableDebuggingHandlers', 'enable-debugging-handlers', 'boolean', true),
  both('healthzBindAddress', 'healthz-bind-address', 'string', '127.0.0.1'),
  both('healthzPort', 'healthz-port', 'integer', 10248),
  both('staticPodPath', 'pod-manifest-path', 'string', ''),
  both('allowedUnsafeSysctls', 'allowed-unsafe-sysctls', 'list', []),
  both('kernelMemcgNotification', 'kernel-memcg-notification', 'boolean', false),
  both('featureGates', 'feature-gates', 'map', {}),
];

export const settingByPath: ReadonlyMap<string, SettingInfo> = new Map(settings.map((one) => [one.path, one]));
export const settingByFlag: ReadonlyMap<string, SettingInfo> = new Map(
  settings.flatMap((one) => (one.flag === undefined ? [] : [[one.flag, one] as const])),
);

/** Nested fields under `authentication` and `authorization`, and every top-level field of 1.20 to 1.36: what a misspelt key is held against. */
export const knownKeys: Readonly<Record<string, readonly string[]>> = {
  authentication: ['anonymous', 'webhook', 'x509'],
  'authentication.anonymous': ['enabled'],
  'authentication.webhook': ['enabled', 'cacheTTL'],
  'authentication.x509': ['clientCAFile'],
  authorization: ['mode', 'webhook'],
  'authorization.webhook': ['cacheAuthorizedTTL', 'cacheUnauthorizedTTL'],
  '': `apiVersion kind metadata enableServer staticPodPath podLogsDir syncFrequency fileCheckFrequency httpCheckFrequency staticPodURL
    staticPodURLHeader address port readOnlyPort tlsCertFile tlsPrivateKeyFile tlsCipherSuites tlsMinVersion tlsCurvePreferences
    rotateCertificates serverTLSBootstrap authentication authorization registryPullQPS registryBurst eventRecordQPS eventBurst
    enableDebuggingHandlers enableContentionProfiling healthzPort healthzBindAddress oomScoreAdj clusterDomain clusterDNS
    streamingConnectionIdleTimeout nodeStatusUpdateFrequency nodeStatusReportFrequency nodeLeaseDurationSeconds imageMinimumGCAge
    imageMaximumGCAge imageGCHighThresholdPercent imageGCLowThresholdPercent volumeStatsAggPeriod kubeletCgroups systemCgroups
    cgroupRoot cgroupsPerQOS cgroupDriver cpuManagerPolicy cpuManagerPolicyOptions cpuManagerReconcilePeriod singleProcessOOMKill
    memoryManagerPolicy topologyManagerPolicy topologyManagerScope topologyManagerPolicyOptions qosReserved runtimeRequestTimeout
    hairpinMode maxPods podCIDR podPidsLimit resolvConf runOnce cpuCFSQuota cpuCFSQuotaPeriod nodeStatusMaxImages maxOpenFiles
    contentType kubeAPIQPS kubeAPIBurst serializeImagePulls maxParallelImagePulls evictionHard evictionSoft evictionSoftGracePeriod
    evictionPressureTransitionPeriod evictionMaxPodGracePeriod evictionMinimumReclaim mergeDefaultEvictionSettings podsPerCore
    enableControllerAttachDetach protectKernelDefaults makeIPTablesUtilChains iptablesMasqueradeBit iptablesDropBit featureGates
    failSwapOn memorySwap containerLogMaxSize containerLogMaxFiles containerLogMaxWorkers containerLogMonitorInterval
    configMapAndSecretChangeDetectionStrategy systemReserved kubeReserved reservedSystemCPUs showHiddenMetricsForVersion
    systemReservedCgroup kubeReservedCgroup enforceNodeAllocatable allowedUnsafeSysctls volumePluginDir providerID
    kernelMemcgNotification logging enableSystemLogHandler enableSystemLogQuery shutdownGracePeriod shutdownGracePeriodCriticalPods
    shutdownGracePeriodByPodPriority reservedMemory enableProfilingHandler enableDebugFlagsHandler seccompDefault
    memoryThrottlingFactor registerWithTaints registerNode tracing localStorageCapacityIsolation containerRuntimeEndpoint
    imageServiceEndpoint failCgroupV1 crashLoopBackOff userNamespaces imagePullCredentialsVerificationPolicy
    preloadedImagesVerificationAllowlist memoryReservationPolicy`.split(/\s+/),
};
