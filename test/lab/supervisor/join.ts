// What joining a cluster gives a node, laid out again at every start: certificates, kubeconfigs, the pods' processes.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { joined, type Distro, type Layout, type Role } from './distro.js';
import { runtimeSocket } from './defaults.js';

const certificates = [
  'client-ca.crt',
  'server-ca.crt',
  'serving-kubelet.crt',
  'serving-kubelet.key',
  'client-kubelet.crt',
  'client-kubelet.key',
];

/** A fault of the lab takes the client CA away for good. */
const withoutClientCa = '/run/lab-no-client-ca';

function kubeconfig(agent: string, server: string): string {
  return `apiVersion: v1
clusters:
- cluster:
    server: ${server}
    certificate-authority: ${join(agent, 'server-ca.crt')}
  name: local
contexts:
- context:
    cluster: local
    namespace: default
    user: user
  name: Default
current-context: Default
kind: Config
preferences: {}
users:
- name: user
  user:
    client-certificate: ${join(agent, 'client-kubelet.crt')}
    client-key: ${join(agent, 'client-kubelet.key')}
`;
}

/** Certificates are renewed at each start; here they are the same ones again. */
export function layCertificates(distro: Distro, role: Role, layout: Layout): void {
  mkdirSync(join(layout.agent, 'pod-manifests'), { recursive: true, mode: 0o755 });
  for (const name of certificates) {
    const target = join(layout.agent, name);
    // The old one's mode would stay.
    rmSync(target, { force: true });
    copyFileSync(join(joined, name), target);
    chmodSync(target, 0o600);
  }
  if (existsSync(withoutClientCa)) rmSync(join(layout.agent, 'client-ca.crt'));
  const server = `https://127.0.0.1:${distro.apiPort[role]}`;
  writeFileSync(join(layout.agent, 'kubelet.kubeconfig'), kubeconfig(layout.agent, server), { mode: 0o600 });
  if (role === 'server') {
    copyFileSync(join(joined, 'admin.kubeconfig'), distro.kubeconfig);
    chmodSync(distro.kubeconfig, 0o600);
  }
}

function link(target: string, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

/** The unpacked programs, and the runtime's socket where both look for it. */
export function layPrograms(distro: Distro, dataDir: string, layout: Layout): void {
  mkdirSync(layout.programs, { recursive: true, mode: 0o755 });
  const own = [
    'containerd-shim-runc-v2',
    'crictl',
    ...(distro.name === 'rke2' ? ['kubelet', 'etcd', 'kube-apiserver'] : []),
  ];
  for (const name of own) {
    // One that still runs from an earlier start is left as it is.
    if (existsSync(join(layout.programs, name))) continue;
    copyFileSync(join('/opt/supervisor', name), join(layout.programs, name));
  }
  link('/usr/bin/kubectl', join(layout.programs, 'kubectl'));
  if (distro.name === 'rke2') link(layout.programs, join(dataDir, 'bin'));
  else link(join(layout.programs, '..'), join(dataDir, 'data/current'));
  writeFileSync(join(layout.agent, 'etc/crictl.yaml'), `runtime-endpoint: unix://${runtimeSocket}\n`);
  mkdirSync('/run/k3s/containerd', { recursive: true });
  if (lstatSync(runtimeSocket, { throwIfNoEntry: false }) === undefined)
    symlinkSync('/run/containerd/containerd.sock', runtimeSocket);
}

const tasks = '/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io';

function isShim(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('containerd-shim');
  } catch {
    return false;
  }
}

/** Ids of the containers whose shim lives. */
export function liveContainers(): string[] {
  if (!existsSync(tasks)) return [];
  return readdirSync(tasks).filter((id) => {
    const file = join(tasks, id, 'shim.pid');
    return existsSync(file) && isShim(readFileSync(file, 'utf8').trim());
  });
}

/** A process that stands for a pod's container: it is started once and survives the unit's restarts. */
export function keepContainers(layout: Layout): void {
  if (liveContainers().length > 0) return;
  const id = createHash('sha256').update(`${hostname()} ${Date.now()}`).digest('hex');
  const args = ['-namespace', 'k8s.io', '-id', id, '-address', runtimeSocket];
  const shim = spawn(join(layout.programs, 'containerd-shim-runc-v2'), args, { detached: true, stdio: 'ignore' });
  shim.unref();
  rmSync(tasks, { recursive: true, force: true });
  mkdirSync(join(tasks, id), { recursive: true });
  writeFileSync(join(tasks, id, 'shim.pid'), String(shim.pid));
}
