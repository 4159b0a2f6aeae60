// What differs between k3s and RKE2 as far as the lab stands in for them: names, places, ports, how the kubelet runs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Role = 'server' | 'agent';

export interface Distro {
  readonly name: 'k3s' | 'rke2';
  readonly configFile: string;
  readonly dataDir: string;
  /** Of its own environment variables. */
  readonly prefix: string;
  /** The administrator's kubeconfig, on servers only. */
  readonly kubeconfig: string;
  /** Where the node's own clients find the API server: 127.0.0.1 and this port. */
  readonly apiPort: Readonly<Record<Role, number>>;
  readonly configVariable: string;
  /** Used when /etc/lab-version says nothing. */
  readonly version: string;
}

const k3s: Distro = {
  name: 'k3s',
  configFile: '/etc/rancher/k3s/config.yaml',
  dataDir: '/var/lib/rancher/k3s',
  prefix: 'K3S',
  kubeconfig: '/etc/rancher/k3s/k3s.yaml',
  apiPort: { server: 6444, agent: 6444 },
  configVariable: 'K3S_CONFIG_FILE',
  version: 'v1.33.5+k3s1',
};

const rke2: Distro = {
  name: 'rke2',
  configFile: '/etc/rancher/rke2/config.yaml',
  dataDir: '/var/lib/rancher/rke2',
  prefix: 'RKE2',
  kubeconfig: '/etc/rancher/rke2/rke2.yaml',
  apiPort: { server: 6443, agent: 6443 },
  configVariable: 'RKE2_CONFIG_FILE',
  version: 'v1.33.5+rke2r1',
};

export function distroNamed(name: string): Distro | undefined {
  return [k3s, rke2].find((distro) => distro.name === name);
}

/** The version it says it is, for example v1.32.1+k3s1. */
export function versionOf(distro: Distro): string {
  try {
    return readFileSync('/etc/lab-version', 'utf8').trim() || distro.version;
  } catch {
    return distro.version;
  }
}

/** [minor, patch] of a version such as v1.32.1+k3s1. */
export function release(version: string): readonly [number, number] {
  const [, minor = '0', patch = '0'] = /^v1\.(\d+)\.(\d+)/.exec(version) ?? [];
  return [Number(minor), Number(patch)];
}

/** What the node was given as it joined: certificates and addresses, read-only. */
export const joined = '/opt/planted/join';

export interface Layout {
  readonly agent: string;
  readonly dropIns: string;
  readonly programs: string;
}

export function layoutOf(dataDir: string, version: string): Layout {
  const agent = join(dataDir, 'agent');
  return {
    agent,
    dropIns: join(agent, 'etc/kubelet.conf.d'),
    programs: join(dataDir, 'data', version.replace('+', '-'), 'bin'),
  };
}
