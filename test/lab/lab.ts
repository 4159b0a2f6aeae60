// The lab as the end-to-end tests use it: start and stop it, put nodes back to their weak state, look at them, break them.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  anonymousPods,
  apiGet,
  portState,
  run,
  runInside,
  type Answer,
  type Outcome,
  type RunOptions,
} from './node-access.js';

export type LabKind = 'real' | 'standin';
type Rancher = `${'k3s' | 'rke2'}-${'server' | 'agent'}`;
/** With `-old`: before 1.32, when the kubelet of k3s and RKE2 had flags only. */
export type Shape = 'control-plane' | 'kubeadm' | 'systemd' | Rancher | `${Rancher}-old`;
/** Where a disk fault strikes: the folder of the kubelet's settings (k3s, RKE2: /etc/rancher/...), or kubelatch's own folder. */
export type Place = 'config' | 'state';

export interface LabNode {
  readonly address: string;
  readonly shape: Shape;
  /** The systemd unit that runs the kubelet, without `.service`. */
  readonly unit: string;
}

export interface FileState {
  /** Of the contents; `folder`, or `link:TARGET`. */
  readonly sha256: string;
  readonly mode: string;
  readonly owner: string;
}

interface Wait {
  /** Milliseconds (180 000). */
  readonly timeout?: number;
  /** The API server reaches its kubelet, too. */
  readonly reachable?: boolean;
  /** Milliseconds since the epoch: Ready has to be the word of the kubelet that was started then, not of the one before. */
  readonly restartedAt?: number;
}

export interface Lab {
  readonly kind: LabKind;
  /** The k3s and RKE2 nodes run a true program and are a cluster of their own, without cp1. */
  readonly isTrueProduct: boolean;
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly key: string;
  readonly knownHosts: string;
  /** For the `ssh` of an inventory: what KUBELATCH_LAB_TRANSPORT says; empty without it. */
  readonly transport: { readonly transport?: string };
  /** By name; cp1 is the control plane. */
  readonly nodes: Readonly<Record<string, LabNode>>;
  /** Runs a bash script as root on the node, past its sshd. */
  on(node: string, script: string, options?: RunOptions): Promise<Outcome>;
  /** Clears faults, puts the kubelet's files back byte for byte, removes what kubelatch left, restarts; returns when Ready and reachable. */
  plant(node: string): Promise<void>;
  /** Every file that decides how the kubelet runs, and kubelatch's own folder. */
  snapshot(node: string): Promise<Readonly<Record<string, FileState>>>;
  /** The status of its condition Ready, or `unset`. */
  ready(node: string): Promise<string>;
  /** Until the node is Ready with a lease renewed since the call; throws when that takes too long. */
  waitReady(node: string, options?: Wait): Promise<void>;
  /** A raw GET to the API server as administrator. */
  get(path: string): Promise<Answer>;
  probe(node: string): Promise<{ readonly anonymous10250: number | 'refused'; readonly port10255: 'open' | 'refused' }>;
  /** Sets KUBELET_EXTRA_ARGS in /etc/default/kubelet and restarts; returns when Ready. */
  extraArgs(node: string, text: string): Promise<void>;
  /** From now on the node turns NotReady whenever the kubelet starts with settings other than the planted ones. */
  faultNotReadyWhenHardened(node: string): Promise<void>;
  /** ... the API server cannot reach the kubelet, though the node stays Ready. */
  faultUnreachableWhenHardened(node: string): Promise<void>;
  /** ... the kubelet cannot reach the API server. */
  faultCutOffWhenHardened(node: string): Promise<void>;
  /** ... the kubelet dies on start: its client CA is gone. */
  faultDiesWhenHardened(node: string): Promise<void>;
  /** ... the kubelet's start never ends, and systemd does not give up. */
  faultNeverStartsWhenHardened(node: string): Promise<void>;
  /** ... the kubelet's start takes 12 s longer. */
  faultSlowWhenHardened(node: string): Promise<void>;
  /** From now on the kubelet does not stop by SIGTERM; systemd kills it after 20 s. */
  faultHangsOnStop(node: string): Promise<void>;
  faultDiskFull(node: string, where?: Place): Promise<void>;
  faultReadOnly(node: string, where?: Place): Promise<void>;
  faultChangeHostKey(node: string): Promise<void>;
  /** Makes config.yaml malformed under the running kubelet (k3s, RKE2: their own); only for nodes that have one. */
  breakConfigYaml(node: string): Promise<void>;
  stopSshd(node: string): Promise<void>;
  startSshd(node: string): Promise<void>;
  /** Ends all faults but the malformed config.yaml, which `plant` puts back. Restarts nothing but sshd. */
  clearFaults(node: string): Promise<void>;
}

const here = import.meta.dirname;
const script = (name: string): string => readFileSync(join(here, name), 'utf8');
const text = (path: string): string => readFileSync(path, 'utf8').trim();

export async function stopLab(): Promise<void> {
  const down = await run(join(here, 'down.sh'), [], { timeout: 300_000 });
  if (down.code !== 0) throw new Error(`the lab did not end: ${down.stderr.trim()}`);
}

/** The lab that is up, or undefined. */
export function findLab(): Lab | undefined {
  const state = process.env['KUBELATCH_LAB_STATE'] ?? '/var/lib/kubelatch-lab';
  return existsSync(join(state, 'ready')) ? labAt(state) : undefined;
}

/** The lab that is up; throws when there is none. */
export function attachLab(): Lab {
  const lab = findLab();
  if (lab === undefined) throw new Error('no lab is up; start one with test/lab/up.sh real|standin');
  return lab;
}

function labAt(state: string): Lab {
  const nodes: Record<string, LabNode> = {};
  for (const name of readdirSync(join(state, 'nodes'))) {
    const folder = join(state, 'nodes', name);
    nodes[name] = {
      address: text(join(folder, 'address')),
      shape: text(join(folder, 'shape')) as Shape,
      unit: text(join(folder, 'planted/unit')),
    };
  }
  const address = (node: string): string => {
    const found = nodes[node];
    if (found === undefined) throw new Error(`the lab has no node ${node}; it has ${Object.keys(nodes).join(' ')}`);
    return found.address;
  };
  const on = (node: string, commands: string, options?: RunOptions): Promise<Outcome> =>
    runInside(state, node, commands, options);
  const must = async (node: string, commands: string): Promise<string> => {
    const done = await on(node, commands);
    if (done.code !== 0) throw new Error(`on ${node}: exit ${done.code}: ${done.stderr.trim().slice(-500)}`);
    return done.stdout;
  };
  const done = (node: string, commands: string): Promise<void> => must(node, commands).then(() => undefined);
  const fault = (node: string, ...what: readonly string[]): Promise<void> =>
    done(node, `set -- ${what.join(' ')}\n${script('fault.sh')}`);
  const get = (path: string): Promise<Answer> => apiGet(state, path);

  const waitReady: Lab['waitReady'] = async (node, options = {}) => {
    const since = Date.now();
    const deadline = since + (options.timeout ?? 180_000);
    let missing = '';
    while (Date.now() < deadline) {
      missing = await notYet(get, node, since, options);
      if (missing === '') return;
      await sleep(250);
    }
    throw new Error(`${node}: ${missing}`);
  };

  /** The full second, in milliseconds since the epoch, at which the new kubelet was started. */
  const restart = async (node: string): Promise<number> => {
    const [, time] = /^restarted (\d+)$/m.exec(await must(node, script('restart.sh'))) ?? [];
    if (time === undefined) throw new Error(`${node}: restart.sh does not say when it started the kubelet`);
    return Number(time);
  };

  const transport = process.env['KUBELATCH_LAB_TRANSPORT'];
  return {
    kind: text(join(state, 'kind')) as LabKind,
    isTrueProduct: text(join(state, 'product')) !== '',
    kubeconfig: join(state, 'kubeconfig'),
    kubectl: join(state, 'kubectl'),
    key: join(state, 'key'),
    knownHosts: join(state, 'known_hosts'),
    transport: transport === undefined ? {} : { transport },
    nodes,
    on,
    get,
    waitReady,
    ready: async (node) =>
      conditionOf(JSON.parse((await get(`/api/v1/nodes/${node}`)).body) as NodeAnswer)?.status ?? 'unset',
    plant: async (node) => {
      await must(node, `(set -- clear\n${script('fault.sh')}\n)\n${script('plant.sh')}`);
      await waitReady(node, { reachable: true, restartedAt: await restart(node) });
    },
    snapshot: async (node) => parseSnapshot(await must(node, script('snapshot.sh'))),
    probe: async (node) => {
      const at = address(node);
      const [anonymous10250, port10255] = await Promise.all([anonymousPods(at), portState(at, 10255)]);
      return { anonymous10250, port10255 };
    },
    extraArgs: async (node, value) => {
      const line = `KUBELET_EXTRA_ARGS=${value}`;
      await must(node, `printf '%s\\n' '${line.replaceAll("'", `'\\''`)}' >/etc/default/kubelet`);
      await waitReady(node, { reachable: true, restartedAt: await restart(node) });
    },
    faultNotReadyWhenHardened: (node) => fault(node, 'not-ready'),
    faultUnreachableWhenHardened: (node) => fault(node, 'unreachable'),
    faultCutOffWhenHardened: (node) => fault(node, 'cut-off'),
    faultDiesWhenHardened: (node) => fault(node, 'dies'),
    faultNeverStartsWhenHardened: (node) => fault(node, 'never-starts'),
    faultSlowWhenHardened: (node) => fault(node, 'slow-start'),
    faultHangsOnStop: (node) => fault(node, 'hangs-on-stop'),
    faultDiskFull: (node, where = 'config') => fault(node, 'disk-full', where),
    faultReadOnly: (node, where = 'config') => fault(node, 'read-only', where),
    faultChangeHostKey: (node) => fault(node, 'host-key'),
    breakConfigYaml: (node) => fault(node, 'config-yaml'),
    stopSshd: (node) => done(node, 'systemctl stop ssh; for p in $(pgrep -x sshd); do kill "$p"; done'),
    startSshd: (node) => done(node, 'systemctl start ssh'),
    clearFaults: (node) => fault(node, 'clear'),
  };
}

interface NodeAnswer {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastHeartbeatTime: string;
    }[];
  };
}
interface LeaseAnswer {
  readonly spec?: { readonly renewTime?: string };
}

const conditionOf = (node: NodeAnswer) => node.status?.conditions?.find(({ type }) => type === 'Ready');

/** What still keeps the node from being Ready; empty when nothing does. */
async function notYet(get: Lab['get'], node: string, since: number, options: Wait): Promise<string> {
  try {
    const seen = JSON.parse((await get(`/api/v1/nodes/${node}`)).body) as NodeAnswer;
    const lease = await get(`/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node}`);
    const renewed = Date.parse((JSON.parse(lease.body) as LeaseAnswer).spec?.renewTime ?? '');
    if (!(renewed > since)) return 'its lease is not renewed';
    const ready = conditionOf(seen);
    if (ready?.status !== 'True') return `Ready is ${ready?.status ?? 'unset'}`;
    if (Date.parse(ready.lastHeartbeatTime) < (options.restartedAt ?? 0))
      return 'Ready is what an earlier kubelet said';
    if (options.reachable !== true) return '';
    const answer = await get(`/api/v1/nodes/${node}/proxy/healthz`);
    return answer.status === 200 ? '' : `the API server gets ${answer.status} from its kubelet`;
  } catch (error) {
    return `the API server did not answer: ${String(error)}`;
  }
}

function parseSnapshot(listing: string): Readonly<Record<string, FileState>> {
  const files: Record<string, FileState> = {};
  for (const record of listing.split('\0')) {
    const parts = /^(\S+) (\S+) (link:.*?|\S+) (\/[\s\S]*)$/.exec(record);
    if (parts === null) continue;
    const [, mode = '', owner = '', sha256 = '', path = ''] = parts;
    files[path] = { sha256, mode, owner };
  }
  return files;
}
