// TLS bootstrap: with no usable kubeconfig, asks for a client certificate with the bootstrap token and writes the kubeconfig.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse, stringify } from 'yaml';
import { at, type Json } from '../json.js';
import * as klog from '../klog.js';
import { openKubeconfig, type ApiClient } from '../api-client.js';
import { keepPair, obtain } from './serving-cert.js';

/** Throws with the kubelet's words when neither kubeconfig can be used. */
export async function clientFor(
  node: string,
  kubeconfig: string,
  bootstrap: string,
  certDir: string,
): Promise<ApiClient | undefined> {
  if (kubeconfig === '') return undefined;
  if (existsSync(kubeconfig) || bootstrap === '') {
    try {
      return openKubeconfig(kubeconfig);
    } catch (thrown) {
      throw new Error(`invalid kubeconfig: ${klog.reason(thrown)}`, { cause: thrown });
    }
  }
  let api: ApiClient;
  try {
    api = openKubeconfig(bootstrap);
  } catch (thrown) {
    throw new Error(`unable to load bootstrap kubeconfig: ${klog.reason(thrown)}`, { cause: thrown });
  }
  klog.info(
    'bootstrap.go:91',
    'No valid private key and/or certificate found, reusing existing private key or creating a new one',
  );
  const pair = await obtain(api, {
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['digital signature', 'client auth'],
    subject: { name: `system:node:${node}`, groups: ['system:nodes'] },
    names: [],
  });
  api.close();
  const link = keepPair(certDir, 'kubelet-client', pair);
  const source = parse(readFileSync(bootstrap, 'utf8')) as Json;
  const written = {
    apiVersion: 'v1',
    clusters: at(source, 'clusters'),
    contexts: [
      {
        context: { cluster: clusterName(source), namespace: 'default', user: 'default-auth' },
        name: 'default-context',
      },
    ],
    'current-context': 'default-context',
    kind: 'Config',
    preferences: {},
    users: [{ name: 'default-auth', user: { 'client-certificate': link, 'client-key': link } }],
  };
  mkdirSync(dirname(kubeconfig), { recursive: true });
  writeFileSync(kubeconfig, stringify(written), { mode: 0o600 });
  return openKubeconfig(kubeconfig);
}

function clusterName(source: Json): string {
  const clusters = at(source, 'clusters');
  const first = Array.isArray(clusters) ? at(clusters[0], 'name') : undefined;
  return typeof first === 'string' ? first : 'default-cluster';
}
