/** The feature gates of kubelets 1.29 to 1.36. A kubelet does not start with an unknown gate, or with a locked gate set to the
 * other value.
 * Sources: kubernetes pkg/features/kube_features.go, apiserver and component-base features of each version.
 */

// Name[:FIRST-LAST][=t|f MINOR]: first and last minor version, omitted if 1.29 or 1.36; locked to true or false since MINOR.
const table = `
  APIListChunking:-32=t29 APIPriorityAndFairness:-30=t29 APIResponseCompression APISelfSubjectReview:-29=t29 APIServerIdentity
  APIServerTracing=t34 APIServingWithRoutine:30- AdmissionWebhookMatchConditions:-32=t30 AggregatedDiscoveryEndpoint:-32=t30
  AggregatedDiscoveryRemoveBetaType:33-=t35 AllAlpha AllBeta AllowDNSOnlyNodeCSR:31-
  AllowInsecureKubeletCertificateSigningRequests:31- AllowOverwriteTerminationGracePeriodSeconds:32-=f35
  AllowParsingUserUIDFromCertAuth:33- AllowServiceExternalIPs:36- AllowServiceLBStatusOnNonLB:-34=f32
  AllowUnsafeMalformedObjectDeletion:32- AnonymousAuthConfigurableEndpoints:31-=t34 AnyVolumeDataSource=t33 AppArmor:-32=t31
  AppArmorFields:30-32=t31 AtomicFIFO:36- AuthorizeNodeWithSelectors:31-=t34 AuthorizePodWebsocketUpgradeCreatePermission:35-
  AuthorizeWithSelectors:31-=t34 BtreeWatchCache:32-=t33 CBORServingAndStorage:32- CPUManager:-32=t29 CPUManagerPolicyAlphaOptions
  CPUManagerPolicyBetaOptions CPUManagerPolicyOptions=t33 CRDObservedGenerationTracking:35- CRDValidationRatcheting=t33
  CRIListStreaming:36- CSIMigrationAzureFile:-29=t29 CSIMigrationPortworx:-35=t33 CSIMigrationRBD:-30 CSINodeExpandSecret:-30=t29
  CSIServiceAccountTokenSecrets:35-=t36 CSIVolumeHealth ChangeContainerStatusOnKubeletRestart:35-
  ClearingNominatedNodeNameAfterBinding:34- ClientsAllowCARotation:36- ClientsAllowCBOR:32- ClientsAllowTLSCacheGC:36-
  ClientsPreferCBOR:32- CloudControllerManagerWatchBasedRoutesReconciliation:35- CloudControllerManagerWebhook
  CloudDualStackNodeIPs:-31=t30 ClusterTrustBundle ClusterTrustBundleProjection ComponentFlagz:32- ComponentSLIs:-34=t32
  ComponentStatusz:32- ConcurrentWatchObjectDecode:31- ConsistentHTTPGetHandlers:-30=t30 ConsistentListFromCache=t34
  ConstrainedImpersonation:35- ContainerCheckpoint ContainerRestartRules:34- ContainerStopSignals:33- ContextualLogging
  ControllerManagerReleaseLeaderElectionLockOnExit:36- CoordinatedLeaderElection:31- CronJobsScheduledAnnotation:-34=t32
  CrossNamespaceVolumeDataSource CustomCPUCFSQuotaPeriod CustomResourceFieldSelectors:30-=t32
  CustomResourceValidationExpressions:-30=t29 DRAAdminAccess:32-=t36 DRAConsumableCapacity:34- DRAControlPlaneController:31-31
  DRADeviceBindingConditions:34- DRADeviceTaintRules:35- DRADeviceTaints:33- DRAExtendedResource:34- DRAListTypeAttributes:36-
  DRANodeAllocatableResources:36- DRAPartitionableDevices:33- DRAPrioritizedList:33- DRAResourceClaimDeviceStatus:32-
  DRAResourceClaimGranularStatusAuthorization:36- DRAResourcePoolStatus:36- DRASchedulerFilterTimeout:34-
  DRAWorkloadResourceClaims:36- DeclarativeValidation:33-=t36 DeclarativeValidationBeta:36- DeclarativeValidationTakeover:33-
  DefaultHostNetworkHostPortsInPodTemplates:-30 DeploymentReplicaSetTerminatingReplicas:33- DetectCacheInconsistency:34-
  DevicePluginCDIDevices:-33=t31 DisableAllocatorDualWrite:31-=t35 DisableCPUQuotaWithExclusiveCPUs:33-
  DisableCloudProviders:-32=t31 DisableKubeletCloudCredentialProviders:-32=t31 DisableNodeKubeProxyVersion=t36
  DynamicResourceAllocation=t35 EfficientWatchResumption:-32=t29 ElasticIndexedJob:-33=t31 EnvFiles:34- EventedPLEG
  ExecProbeTimeout=t35 ExpandedDNSConfig:-29=t29 ExperimentalHostUserNamespaceDefaulting:-29=f29 ExtendWebSocketsToKubelet:36-
  ExternalServiceAccountTokenSigner:32-=t36 GangScheduling:35- GenericWorkload:35- GitRepoVolumeDriver:33-=f36
  GracefulNodeShutdown GracefulNodeShutdownBasedOnPodPriority HPAConfigurableTolerance:33- HPAContainerMetrics:-31=t30
  HPAScaleToZero HonorPVReclaimPolicy:-35=t33 HostnameOverride:34- IPTablesOwnershipCleanup:-29=t29 ImageMaximumGCAge=t35
  ImageVolume:31-=t36 ImageVolumeWithDigest:36- InOrderInformers:33-=t36 InOrderInformersBatchProcess:35-
  InPlacePodLevelResourcesVerticalScaling:35- InPlacePodVerticalScaling=t35 InPlacePodVerticalScalingAllocatedStatus:32-35
  InPlacePodVerticalScalingExclusiveCPUs:32- InPlacePodVerticalScalingExclusiveMemory:34-
  InPlacePodVerticalScalingInitContainers:36- InTreePluginAWSUnregister:-30 InTreePluginAzureDiskUnregister:-30
  InTreePluginAzureFileUnregister:-30 InTreePluginGCEUnregister:-30 InTreePluginOpenStackUnregister:-30
  InTreePluginPortworxUnregister:-35 InTreePluginRBDUnregister:-30 InTreePluginvSphereUnregister:-30 InformerResourceVersion:30-
  JobBackoffLimitPerIndex=t33 JobManagedBy:30-=t35 JobPodFailurePolicy:-32=t31 JobPodReplacementPolicy=t34 JobReadyPods:-30=t29
  JobSuccessPolicy:30-=t33 KMSv1 KMSv2:-31=t29 KMSv2KDF:-31=t29 KubeProxyDrainingTerminatingNodes:-32=t31
  KubeletCgroupDriverFromCRI=t34 KubeletCrashLoopBackOffMax:32- KubeletEnsureSecretPulledImages:33-
  KubeletFineGrainedAuthz:32-=t36 KubeletInUserNamespace KubeletPSI:33-=t36 KubeletPodResources:-29=t29
  KubeletPodResourcesDynamicResources=t36 KubeletPodResourcesGet=t36 KubeletPodResourcesListUseActivePods:34-
  KubeletRegistrationGetOnExistsOnly:32- KubeletSeparateDiskGC KubeletServiceAccountTokenForCredentialProviders:33-
  KubeletTracing=t34 LegacyServiceAccountTokenCleanUp:-31=t30 LegacyServiceAccountTokenTracking:-29=t29
  LegacySidecarContainers:33-33 ListFromCacheSnapshot:33- LoadBalancerIPMode:-34=t32
  LocalStorageCapacityIsolationFSQuotaMonitoring LogarithmicScaleDown=t31 LoggingAlphaOptions LoggingBetaOptions
  ManifestBasedAdmissionControlConfig:36- MatchLabelKeysInPodAffinity=t33 MatchLabelKeysInPodTopologySpread
  MatchLabelKeysInPodTopologySpreadSelectorMerge:34- MaxUnavailableStatefulSet MemoryManager:-35=t32 MemoryQoS
  MinDomainsInPodTopologySpread:-31=t30 MinimizeIPTablesRestore:-29=t29 MultiCIDRServiceAllocator=t34
  MutableCSINodeAllocatableCount:33-=t36 MutablePVNodeAffinity:35- MutablePodResourcesForSuspendedJobs:35-
  MutableSchedulingDirectivesForSuspendedJobs:35- MutatingAdmissionPolicy:30- NFTablesProxyMode=t33 NativeHistograms:36-
  NewVolumeManagerReconstruction:-31=t30 NodeDeclaredFeatures:35- NodeInclusionPolicyInPodTopologySpread=t33 NodeLogQuery=t36
  NodeOutOfServiceVolumeDetach:-31=t29 NodeSwap=t34 NominatedNodeNameForExpectation:34- OpenAPIEnums OpportunisticBatching:35-
  OrderedNamespaceDeletion:30-=t34 PDBUnhealthyPodEvictionPolicy:-32=t31 PLEGOnDemandRelist:36-
  PersistentVolumeClaimUnusedSinceTime:36- PersistentVolumeLastPhaseTransitionTime:-32=t31 PodAndContainerStatsFromCRI
  PodCertificateRequest:34- PodDeletionCost PodDisruptionConditions:-33=t31 PodHostIPs:-31=t30 PodIndexLabel:-34=t32
  PodLevelResourceManagers:36- PodLevelResources:32- PodLifecycleSleepAction=t34 PodLifecycleSleepActionAllowZero:32-=t34
  PodLogsQuerySplitStreams:32- PodObservedGenerationTracking:33-=t35 PodReadyToStartContainersCondition PodSchedulingReadiness=t30
  PodTopologyLabelsAdmission:33- PodsAPI:36- PortForwardWebsockets:30- PreferSameTrafficDistribution:33-=t35
  PreventStaticPodAPIReferences:34- ProbeHostPodSecurityStandards:34-34=t34 ProcMountType=t36 ProxyTerminatingEndpoints:-29=t29
  QOSReserved ReadWriteOncePod:-30=t29 RecoverVolumeExpansionFailure=t34 RecursiveReadOnlyMounts:30-=t33
  ReduceDefaultCrashLoopBackOffDecay:33- RelaxedDNSSearchValidation:32-=t34 RelaxedEnvironmentVariableValidation:30-=t34
  RelaxedServiceNameValidation:34- ReloadKubeletClientCAFile:36- ReloadKubeletServerCertificateFile:31- RemainingItemCount:-32=t29
  RemoteRequestHeaderUID:32- RemoveSelfLink:-29=t29 ResilientWatchCacheInitialization:31-=t34 ResourceHealthStatus:31-
  ResourceHealthStatusMessage:36- RestartAllContainersOnContainerExits:35- RetryGenerateName:30-=t32
  RotateKubeletServerCertificate RuntimeClassInImageCriApi SELinuxChangePolicy:32-=t36 SELinuxMount:30-
  SELinuxMountReadWriteOncePod=t36 SchedulerAsyncAPICalls:34- SchedulerAsyncPreemption:32- SchedulerPopFromBackoffQ:33-
  SchedulerQueueingHints=t34 SecurityContextDeny:-29 SeparateCacheWatchRPC=f36 SeparateTaintEvictionController=t34
  ServerSideApply:-31=t29 ServerSideFieldValidation:-31=t29 ServiceAccountNodeAudienceRestriction:32- ServiceAccountTokenJTI=t32
  ServiceAccountTokenNodeBinding=t33 ServiceAccountTokenNodeBindingValidation=t32 ServiceAccountTokenPodNodeInfo=t32
  ServiceCIDRStatusFieldWiping:36- ServiceNodePortStaticSubrange:-30=t29 ServiceTrafficDistribution:30-35=t33
  ShardedListAndWatch:36- SidecarContainers=t33 SizeBasedListCostEstimate:34- SizeMemoryBackedVolumes:-34=t32
  SkipReadOnlyValidationGCE:-30 StableLoadBalancerNodeSet:-31=t30 StaleControllerConsistencyDaemonSet:36-
  StaleControllerConsistencyJob:36- StaleControllerConsistencyReplicaSet:36- StaleControllerConsistencyStatefulSet:36-
  StatefulSetAutoDeletePVC:-34=t32 StatefulSetSemanticRevisionComparison:34- StatefulSetStartOrdinal:-33=t31
  StorageCapacityScoring:33- StorageNamespaceIndex:30- StorageVersionAPI StorageVersionHash StorageVersionMigrator:30-
  StreamingCollectionEncodingToJSON=t34 StreamingCollectionEncodingToProtobuf=t34 StrictCostEnforcementForVAP:30-34=t32
  StrictCostEnforcementForWebhooks:30-34=t32 StrictIPCIDRValidation:33- StructuredAuthenticationConfiguration=t34
  StructuredAuthenticationConfigurationEgressSelector:34- StructuredAuthenticationConfigurationJWKSMetrics:35-
  StructuredAuthorizationConfiguration:-35=t32 SupplementalGroupsPolicy:31-=t35 SystemdWatchdog:32-=t35
  TaintTolerationComparisonOperators:35- TokenRequestServiceAccountUIDValidation:34- TopologyAwareHints:-35=t33
  TopologyAwareWorkloadScheduling:36- TopologyManagerPolicyAlphaOptions TopologyManagerPolicyBetaOptions
  TopologyManagerPolicyOptions=t36 TranslateStreamCloseWebsocketRequests UnauthenticatedHTTP2DOSMitigation
  UnknownVersionInteroperabilityProxy UnlockWhileProcessingFIFO:36- UserNamespacesHostNetworkSupport:35-
  UserNamespacesPodSecurityStandards:-34 UserNamespacesSupport=t36 ValidatingAdmissionPolicy:-31=t30 VolumeAttributesClass=t36
  VolumeCapacityPriority:-32 VolumeLimitScaling:35- WatchBookmark:-32=t29 WatchCacheInitializationPostStartHook:31-
  WatchFromStorageWithoutResourceVersion:-35=f33 WatchList WatchListClient:30- WinDSR=t34 WinOverlay=t34
  WindowsCPUAndMemoryAffinity:32- WindowsGracefulNodeShutdown:32- WindowsHostNetwork WorkloadAwarePreemption:36-
  WorkloadWithJob:36- ZeroLimitedNominalConcurrencyShares:-31=t30
`;

interface Gate {
  readonly first: number;
  readonly last: number;
  readonly locked: { readonly value: boolean; readonly since: number } | undefined;
}

const [oldest, newest] = [29, 36];

const gates: ReadonlyMap<string, Gate> = new Map(
  table
    .trim()
    .split(/\s+/)
    .map((word) => {
      const [, name = '', first, last, value, since] = /^(\w+)(?::(\d*)-(\d*))?(?:=([tf])(\d+))?$/.exec(word) ?? [];
      const locked = value === undefined ? undefined : { value: value === 't', since: Number(since) };
      return [name, { first: Number(first || oldest), last: Number(last || newest), locked }];
    }),
);

/** Why a kubelet of version 1.`minor` would not start with this gate. Undefined if it would, or if the tables do not cover its version. */
export function gateProblem(name: string, value: unknown, minor: number | undefined): string | undefined {
  if (minor === undefined || minor < oldest || minor > newest) return undefined;
  const gate = gates.get(name);
  if (gate === undefined || minor < gate.first || minor > gate.last)
    return `has ${name.slice(0, 80)}, which is not a feature gate of 1.${minor}`;
  const { locked } = gate;
  return locked !== undefined && minor >= locked.since && value !== locked.value
    ? `sets ${name}, which 1.${minor} locks to ${String(locked.value)}`
    : undefined;
}
