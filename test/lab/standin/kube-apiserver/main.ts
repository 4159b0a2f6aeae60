// The stand-in API server: flags in, HTTPS on the secure port, objects saved at the end.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { constants } from 'node:crypto';
import { readFlags } from '../flag-map.js';
import * as klog from '../klog.js';
import { openTokens } from './identity.js';
import { seedRbac } from './rbac.js';
import { mustFind } from './resources.js';
import { handle } from './server.js';
import { openStore } from './store.js';

function die(err: string): never {
  klog.error('run.go:72', 'command failed', { err });
  process.exit(1);
}

const flags = readFlags(process.argv.slice(2));
if (flags['version'] !== undefined) {
  process.stdout.write(`Kubernetes ${process.env['STANDIN_VERSION'] ?? 'v1.31.4'}\n`);
  process.exit(0);
}

function read(flag: string): Buffer {
  const path = flags[flag] ?? '';
  if (!existsSync(path)) die(`--${flag}: open ${path}: no such file or directory`);
  return readFileSync(path);
}

const store = openStore(process.env['STANDIN_STORE'] ?? '/var/lib/standin/store.json');
const namespaces = mustFind('namespaces');
for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
  if (store.find(namespaces, '', name) !== undefined) continue;
  store.create(namespaces, '', {
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
}
seedRbac(store);

const server = {
  store,
  tokens: openTokens(flags['token-auth-file'] ?? ''),
  kubelets: {
    certFile: flags['kubelet-client-certificate'] ?? '',
    keyFile: flags['kubelet-client-key'] ?? '',
    authorityFile: flags['kubelet-certificate-authority'] ?? '',
    addressTypes: (
      flags['kubelet-preferred-address-types'] ?? 'Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP'
    ).split(','),
  },
};
const listener = createServer(
  {
    cert: read('tls-cert-file'),
    key: read('tls-private-key-file'),
    ca: read('client-ca-file'),
    requestCert: true,
    rejectUnauthorized: false,
    // A resumed session would come without its client certificate.
    secureOptions: constants.SSL_OP_NO_TICKET,
  },
  (request, response) => void handle(server, request, response),
);
listener.keepAliveTimeout = 60_000;
listener.on('error', (thrown) => die(thrown.message));

const port = Number(flags['secure-port'] ?? '6443');
const address = flags['bind-address'] ?? '::';
listener.listen(port, address === '0.0.0.0' ? '::' : address, () =>
  klog.info('secure_serving.go:213', 'Serving securely', { address: `${address}:${port}` }),
);

function stop(): void {
  store.flush();
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
