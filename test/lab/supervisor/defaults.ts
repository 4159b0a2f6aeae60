// What k3s and RKE2 give their kubelet by themselves: flags before 1.32; from 1.32 a file and fewer flags.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { JsonObject } from '../standin/json.js';
import { release, type Distro, type Layout } from './distro.js';

export interface KubeletNode {
  readonly distro: Distro;
  readonly version: string;
  readonly layout: Layout;
  readonly name: string;
  readonly address: string;
  readonly labels: readonly string[];
  readonly protectKernel: boolean;
  readonly resolvConf: string;
}

export const runtimeSocket = '/run/k3s/containerd/containerd.sock';

/** Whether the kubelet's settings are a drop-in folder, and not flags alone. */
export function usesDropIns(version: string): boolean {
  return release(version)[0] >= 32;
}

// Fixed in 1.32.4; before that a zero in the file was lost as it was written, and no flag stood in for it.
function closesReadOnlyPort(version: string): boolean {
  const [minor, patch] = release(version);
  return minor !== 32 || patch >= 4;
}

// RKE2 hands these on in the same list, and takes them out again before it starts the kubelet.
function logFlags(node: KubeletNode): Record<string, string> {
  if (node.distro.name !== 'rke2') return {};
  return {
    alsologtostderr: 'false',
    'log-file': join(node.layout.agent, 'logs/kubelet.log'),
    'log-file-max-size': '50',
    logtostderr: 'false',
    stderrthreshold: 'FATAL',
  };
}

function commonFlags(node: KubeletNode): Record<string, string> {
  return {
    ...logFlags(node),
    'cloud-provider': 'external',
    'hostname-override': node.name,
    kubeconfig: join(node.layout.agent, 'kubelet.kubeconfig'),
    'node-ip': node.address,
    'node-labels': node.labels.join(','),
  };
}

/** Allowed where k3s balances the load of services itself. */
const forwarding = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'];

function oldFlags(node: KubeletNode): Record<string, string> {
  const { agent } = node.layout;
  return {
    ...commonFlags(node),
    address: '0.0.0.0',
    'anonymous-auth': 'false',
    'authentication-token-webhook': 'true',
    'authorization-mode': 'Webhook',
    'cgroup-driver': 'systemd',
    'client-ca-file': join(agent, 'client-ca.crt'),
    'cluster-dns': '10.43.0.10',
    'cluster-domain': 'cluster.local',
    'container-runtime-endpoint': `unix://${runtimeSocket}`,
    containerd: runtimeSocket,
    'eviction-hard': 'imagefs.available<5%,nodefs.available<5%',
    'eviction-minimum-reclaim': 'imagefs.available=10%,nodefs.available=10%',
    'fail-swap-on': 'false',
    'healthz-bind-address': '127.0.0.1',
    'pod-infra-container-image': 'rancher/mirrored-pause:3.6',
    'pod-manifest-path': join(agent, 'pod-manifests'),
    'read-only-port': '0',
    'resolv-conf': node.resolvConf,
    'serialize-image-pulls': 'false',
    'tls-cert-file': join(agent, 'serving-kubelet.crt'),
    'tls-private-key-file': join(agent, 'serving-kubelet.key'),
    ...(node.protectKernel ? { 'protect-kernel-defaults': 'true' } : {}),
    ...(node.distro.name === 'k3s' ? { 'allowed-unsafe-sysctls': forwarding.join(',') } : {}),
  };
}

export function defaultFlags(node: KubeletNode): Record<string, string> {
  if (!usesDropIns(node.version)) return oldFlags(node);
  return {
    ...commonFlags(node),
    'config-dir': node.layout.dropIns,
    ...(closesReadOnlyPort(node.version) ? { 'read-only-port': '0' } : {}),
    'runtime-cgroups': `/${node.distro.name}`,
  };
}

/** The lab's short times; a real one has 10s, 5m, and no duration of the lease. */
export const shortTimes = {
  nodeLeaseDurationSeconds: 4,
  nodeStatusReportFrequency: '1s',
  nodeStatusUpdateFrequency: '1s',
};

function defaultConfiguration(node: KubeletNode): JsonObject {
  const { agent } = node.layout;
  return {
    address: '0.0.0.0',
    ...(node.distro.name === 'k3s' ? { allowedUnsafeSysctls: forwarding } : {}),
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    authentication: {
      anonymous: { enabled: false },
      webhook: { cacheTTL: '2m0s', enabled: true },
      x509: { clientCAFile: join(agent, 'client-ca.crt') },
    },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
    cgroupDriver: 'systemd',
    clusterDNS: ['10.43.0.10'],
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint: `unix://${runtimeSocket}`,
    cpuManagerReconcilePeriod: '10s',
    crashLoopBackOff: {},
    evictionHard: { 'imagefs.available': '5%', 'nodefs.available': '5%' },
    evictionMinimumReclaim: { 'imagefs.available': '10%', 'nodefs.available': '10%' },
    evictionPressureTransitionPeriod: '5m0s',
    failSwapOn: false,
    fileCheckFrequency: '20s',
    healthzBindAddress: '127.0.0.1',
    httpCheckFrequency: '20s',
    imageMaximumGCAge: '0s',
    imageMinimumGCAge: '2m0s',
    kind: 'KubeletConfiguration',
    logging: {
      flushFrequency: '5s',
      format: 'text',
      options: { json: { infoBufferSize: '0' }, text: { infoBufferSize: '0' } },
      verbosity: 0,
    },
    memorySwap: {},
    ...shortTimes,
    ...(node.protectKernel ? { protectKernelDefaults: true } : {}),
    resolvConf: node.resolvConf,
    runtimeRequestTimeout: '2m0s',
    serializeImagePulls: false,
    shutdownGracePeriod: '0s',
    shutdownGracePeriodCriticalPods: '0s',
    staticPodPath: join(agent, 'pod-manifests'),
    streamingConnectionIdleTimeout: '4h0m0s',
    syncFrequency: '1m0s',
    tlsCertFile: join(agent, 'serving-kubelet.crt'),
    tlsPrivateKeyFile: join(agent, 'serving-kubelet.key'),
    volumeStatsAggPeriod: '1m0s',
  };
}

export function dropInFolder(node: KubeletNode): void {
  mkdirSync(node.layout.dropIns, { recursive: true, mode: 0o700 });
}

/** Written anew at every start, whatever somebody has made of it. */
export function writeDefaults(node: KubeletNode): void {
  const path = join(node.layout.dropIns, `00-${node.distro.name}-defaults.conf`);
  writeFileSync(path, stringify(defaultConfiguration(node), { indentSeq: false }), { mode: 0o600 });
}
