/** The API server of a history: Nodes and their Leases as the kubelets keep them, configz, and the run lock. */
import type { ApiRequest, ApiResponse, ClusterError, Gateway } from '../../../src/cluster/gateway.js';
import { type Result, fail, ok } from '../../../src/lib/result.js';
import type { Machine } from '../node/machine.js';
import type { Random } from '../random.js';
import type { Time } from '../time.js';
import { waited } from './controllers.js';

const epoch = Date.UTC(2026, 0, 1);
const lockPath = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
type Lock = Record<string, unknown> & { metadata: Record<string, unknown> };

const refused = (status: number, message: string): Result<never, ClusterError> =>
  fail({ kind: 'refused', status, message: `HTTP ${status}: ${message}` });

export class ApiServer implements Gateway {
  private readonly machines: readonly Machine[];
  private readonly time: Time;
  private readonly random: Random;
  private lock: Lock | undefined;
  private version = 1;

  constructor(machines: readonly Machine[], time: Time, random: Random) {
    this.machines = machines;
    this.time = time;
    this.random = random;
  }

  async get(path: string): Promise<Result<unknown, ClusterError>> {
    await waited(2 + this.random.below(8));
    const [list] = path.split('?');
    if (list === '/api/v1/nodes') return ok({ items: this.machines.map(nodeOf) });
    if (list?.endsWith('/kube-node-lease/leases') === true) return ok({ items: this.machines.map(leaseOf) });
    const name = /^\/api\/v1\/nodes\/([^/]+)\/proxy\/configz$/.exec(path)?.[1];
    const machine = this.machines.find((one) => one.name === name);
    if (machine === undefined) return refused(404, path);
    return configz(machine);
  }

  async send({ method, path, body }: ApiRequest): Promise<Result<ApiResponse, ClusterError>> {
    await waited(2 + this.random.below(8));
    if (path.includes('selfsubjectaccessreviews')) return this.answer({ status: { allowed: true } });
    if (!path.startsWith(lockPath)) return refused(404, path);
    if (method === 'GET') return this.lock === undefined ? refused(404, 'not found') : this.answer(this.lock);
    return this.write(body as Lock);
  }

  private write(body: Lock): Result<ApiResponse, ClusterError> {
    const known = this.lock?.metadata['resourceVersion'];
    if (body.metadata['resourceVersion'] !== known) return refused(409, 'conflict');
    this.version += 1;
    this.lock = { ...body, metadata: { ...body.metadata, uid: 'uid', resourceVersion: String(this.version) } };
    return this.answer(this.lock);
  }

  private answer(body: unknown): Result<ApiResponse, ClusterError> {
    return ok({ body, date: epoch + Math.floor(this.time.now / 1000) * 1000 });
  }

  kubectl(): Promise<Result<undefined, ClusterError>> {
    return Promise.resolve(refused(403, 'no kubectl here'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const nodeOf = ({ name, kubelet }: Machine): unknown => ({
  metadata: { name, labels: {} },
  spec: {},
  status: {
    conditions: [{ type: 'Ready', status: kubelet.ready(), reason: 'KubeletReady' }],
    addresses: [{ type: 'InternalIP', address: name }],
    nodeInfo: { kubeletVersion: 'v1.31.4', osImage: '' },
  },
});

const leaseOf = ({ name, kubelet }: Machine): unknown => ({
  metadata: { name },
  spec: { renewTime: `t${kubelet.renewedAt}`, leaseDurationSeconds: 40 },
});

function configz({ kubelet }: Machine): Result<unknown, ClusterError> {
  const { running } = kubelet;
  if (!kubelet.isHealthy || running === undefined) return refused(503, 'dial tcp: connection refused');
  const anonymous = !(running.files.config ?? '').includes('enabled: false');
  return ok({ kubeletconfig: { authentication: { anonymous: { enabled: anonymous } } } });
}
