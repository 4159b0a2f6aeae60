/** Hosts and a cluster for init: SSH servers that take any login, and a kubectl that serves a list of nodes. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OddServer, startOddServer } from '../ssh/odd-server.js';
import type { Workshop } from '../ssh/sshd.js';

export interface InitHost {
  readonly server: OddServer;
  readonly fingerprint: string;
}

/** A host with a key of its own, on which everybody is root. */
export async function startInitHost(shop: Workshop, name: string): Promise<InitHost> {
  const hostKeyFile = shop.key(`${name}-host`);
  mkdirSync(shop.path('bin'), { recursive: true });
  shop.write('bin/id', '#!/bin/sh\n[ "$1" = -u ] && echo 0 || echo root\n', 0o755);
  const server = await startOddServer({ hostKeyFile, bin: shop.path('bin') });
  const listed = execFileSync('ssh-keygen', ['-l', '-f', `${hostKeyFile}.pub`], { encoding: 'utf8' });
  return { server, fingerprint: listed.split(' ')[1] ?? '' };
}

const serving = `const lists = LISTS;
const socket = process.argv.find((one) => one.startsWith('--unix-socket=')).slice(14);
if (!process.argv.includes('--context=prod')) { process.stderr.write('error: no such context\\n'); process.exit(1); }
require('node:http').createServer((request, response) => {
  const items = lists[request.url.split('?')[0]];
  response.writeHead(items ? 200 : 404);
  response.end(JSON.stringify(items ? { items, metadata: {} } : { message: 'not found' }));
}).listen(socket, () => console.log('Starting to serve on ' + socket));
`;

/** The path of a kubectl whose `proxy` serves these nodes, and a Lease for none of them. */
export function writeKubectl(folder: string, nodes: readonly unknown[]): string {
  const path = join(folder, 'kubectl');
  const lists = { '/api/v1/nodes': nodes, '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases': [] };
  // Whatever the folder's kind of modules is.
  writeFileSync(`${path}.cjs`, serving.replace('LISTS', JSON.stringify(lists)));
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${path}.cjs' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A Node object as an API server returns it. */
export const nodeObject = (
  name: string,
  address: string,
  {
    version = 'v1.34.1',
    labels = {},
  }: { readonly version?: string; readonly labels?: Readonly<Record<string, string>> } = {},
): unknown => ({
  metadata: { name, labels, annotations: {} },
  status: {
    addresses: [
      { type: 'Hostname', address: name },
      { type: 'InternalIP', address },
    ],
    nodeInfo: { kubeletVersion: version },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});

/** A kubeconfig with these contexts. */
export const kubeconfigOf = (...contexts: readonly string[]): string =>
  JSON.stringify({
    'current-context': contexts[0],
    contexts: contexts.map((name) => ({ name, context: { cluster: name, user: name } })),
  });
