// The kubelet's Node object and Lease: registers, renews, and says Ready or why not.
import { existsSync, readdirSync } from 'node:fs';
import { arch, cpus, hostname, networkInterfaces, release, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { at, equal, isObject, listOf, objectOf, text, type Json, type JsonObject } from '../json.js';
import * as klog from '../klog.js';
import { refusal, type ApiClient } from '../api-client.js';
import { milliseconds } from './config.js';

export interface NodeIdentity {
  readonly name: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string;
  readonly cniDir: string;
}

/** The first address that is not of the loopback. */
export function hostAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find((entry) => entry.family === 'IPv4' && !entry.internal)?.address ?? '127.0.0.1';
}

function hasNetwork(cniDir: string): boolean {
  return existsSync(cniDir) && readdirSync(cniDir).some((name) => /\.(conf|conflist|json)$/.test(name));
}

function goTime(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}

function wantedConditions(identity: NodeIdentity, before: readonly Json[], now: string): JsonObject[] {
  const ready = hasNetwork(identity.cniDir);
  const why =
    'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';
  const states = [
    ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    [
      'Ready',
      ready ? 'True' : 'False',
      ready ? 'KubeletReady' : 'KubeletNotReady',
      ready ? 'kubelet is posting ready status' : why,
    ],
  ];
  return states.map(([type = '', status = '', reason = '', message = '']) => {
    const old = before.find((item) => at(item, 'type') === type);
    const moved = at(old, 'status') !== status;
    const lastTransitionTime = moved ? now : text(at(old, 'lastTransitionTime'), now);
    return { lastHeartbeatTime: now, lastTransitionTime, message, reason, status, type };
  });
}

function capacity(): JsonObject {
  return {
    cpu: String(cpus().length),
    'ephemeral-storage': '61255492Ki',
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: '110',
  };
}

function status(identity: NodeIdentity, port: number, before: readonly Json[]): JsonObject {
  return {
    addresses: [
      { address: identity.address, type: 'InternalIP' },
      { address: identity.name, type: 'Hostname' },
    ],
    allocatable: capacity(),
    capacity: capacity(),
    conditions: wantedConditions(identity, before, goTime(new Date())),
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
    nodeInfo: {
      architecture: arch() === 'x64' ? 'amd64' : arch(),
      containerRuntimeVersion: 'containerd://1.6.20',
      kernelVersion: release(),
      kubeProxyVersion: identity.version,
      kubeletVersion: identity.version,
      operatingSystem: 'linux',
      osImage: 'Debian GNU/Linux 12 (bookworm)',
    },
  };
}

function labels(identity: NodeIdentity): JsonObject {
  const cpu = arch() === 'x64' ? 'amd64' : arch();
  const own = { 'kubernetes.io/arch': cpu, 'kubernetes.io/hostname': identity.name, 'kubernetes.io/os': 'linux' };
  return { 'beta.kubernetes.io/arch': cpu, 'beta.kubernetes.io/os': 'linux', ...own, ...identity.labels };
}

/** Two statuses that differ in nothing but the heartbeat's time. */
function sameStatus(a: Json | undefined, b: JsonObject): boolean {
  const still = (value: Json | undefined): Json => ({
    ...objectOf(value),
    conditions: listOf(at(value, 'conditions')).map((item) => ({ ...objectOf(item), lastHeartbeatTime: '' })),
  });
  return isObject(a) && equal(still(a), still({ ...a, ...b }));
}

export interface Reporter {
  /** Resolves when signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export function makeReporter(api: ApiClient, config: JsonObject, identity: NodeIdentity): Reporter {
  const nodePath = `/api/v1/nodes/${identity.name}`;
  const port = Number(config['port']);
  const reportEvery = milliseconds(config, 'nodeStatusReportFrequency');
  let reported = 0;

  async function register(): Promise<void> {
    const found = await api.call('GET', nodePath);
    if (found.status === 404 && config['registerNode'] !== false) {
      const metadata = {
        name: identity.name,
        labels: labels(identity),
        annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
      };
      const node = { apiVersion: 'v1', kind: 'Node', metadata, spec: {}, status: status(identity, port, []) };
      const created = await api.call('POST', '/api/v1/nodes', node);
      if (created.status >= 300) throw new Error(refusal(created));
    } else if (found.status >= 300) throw new Error(refusal(found));
    else await api.call('PATCH', nodePath, { metadata: { labels: labels(identity) } }, 'application/merge-patch+json');
    klog.info('kubelet_node_status.go:78', 'Successfully registered node', { node: identity.name });
  }

  async function report(): Promise<void> {
    const found = await api.call('GET', `${nodePath}?resourceVersion=0`);
    if (found.status >= 300) throw new Error(`error getting node ${JSON.stringify(identity.name)}: ${refusal(found)}`);
    const before = at(found.body, 'status');
    const wanted = status(identity, port, listOf(at(before, 'conditions')));
    if (sameStatus(before, wanted) && Date.now() - reported < reportEvery) return;
    const answer = await api.call('PATCH', `${nodePath}/status`, { status: wanted }, 'application/merge-patch+json');
    if (answer.status >= 300) throw new Error(refusal(answer));
    reported = Date.now();
  }

  async function renew(): Promise<void> {
    const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
    const now = `${new Date().toISOString().slice(0, -1)}000Z`;
    const spec = {
      holderIdentity: identity.name,
      leaseDurationSeconds: Number(config['nodeLeaseDurationSeconds']),
      renewTime: now,
    };
    const answer = await api.call('PATCH', `${path}/${identity.name}`, { spec }, 'application/merge-patch+json');
    if (answer.status < 300) return;
    if (answer.status !== 404) throw new Error(refusal(answer));
    const metadata = { name: identity.name, namespace: 'kube-node-lease' };
    const created = await api.call('POST', path, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata,
      spec,
    });
    if (created.status >= 300) throw new Error(refusal(created));
  }

  async function every(
    period: number,
    place: string,
    failed: string,
    work: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      try {
        await work();
      } catch (thrown) {
        klog.error(place, failed, { node: identity.name, err: klog.reason(thrown) });
      }
      await sleep(period, undefined, { signal }).catch(() => undefined);
    }
  }

  async function registered(signal: AbortSignal): Promise<void> {
    for (let wait = 100; !signal.aborted; wait = Math.min(wait * 2, 7000)) {
      try {
        klog.info('kubelet_node_status.go:75', 'Attempting to register node', { node: identity.name });
        await register();
        return;
      } catch (thrown) {
        klog.error('kubelet_node_status.go:107', 'Unable to register node with API server', {
          node: identity.name,
          err: klog.reason(thrown),
        });
      }
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    async run(signal) {
      // A quarter, as the real one, but never long: a kubelet without a config file has no other way to be quick.
      const leaseEvery = Math.min((Number(config['nodeLeaseDurationSeconds']) * 1000) / 4, 1000);
      const statusEvery = milliseconds(config, 'nodeStatusUpdateFrequency');
      const leases = every(leaseEvery, 'controller.go:145', 'Failed to ensure lease exists, will retry', renew, signal);
      await registered(signal);
      await every(statusEvery, 'kubelet_node_status.go:549', 'Error updating node status, will retry', report, signal);
      await leases;
    },
  };
}

export function nodeName(override: string): string {
  return (override === '' ? hostname() : override).trim().toLowerCase();
}
