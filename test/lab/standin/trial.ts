// A trial of the stand-in programs on loopback: their own PKI, free ports, and ways to ask them things.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'standin-test-'));
export const out = join(folder, 'out');
export const at = (name: string): string => join(folder, name);
const started: ChildProcess[] = [];
let apiPort = 0;

export function api(path: string, options: Ask = {}): Promise<Answer> {
  return ask(apiPort, path, { as: 'admin', ...options });
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function collect(response: IncomingMessage): Promise<Answer> {
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, body };
}

interface Ask {
  readonly as?: string | undefined;
  readonly method?: string;
  readonly body?: unknown;
}

export async function ask(port: number, path: string, { as, method = 'GET', body }: Ask = {}): Promise<Answer> {
  const pair = as === undefined ? {} : { cert: readFileSync(at(`${as}.crt`)), key: readFileSync(at(`${as}.key`)) };
  const payload = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    'Content-Type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    'Content-Length': Buffer.byteLength(payload),
  };
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method,
      headers,
      rejectUnauthorized: false,
      agent: false,
      ...pair,
    };
    const sent = request(options, (response) => {
      collect(response).then(resolve, reject);
    });
    sent.on('error', reject);
    sent.end(payload);
  });
}

export async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 150; tries += 1) {
    if (await check().catch(() => false)) return;
    await sleep(100);
  }
  throw new Error(`waited in vain: ${what}`);
}

async function issue(name: string, subject: string, san: string, purpose: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at(`${name}.key`)];
  if (name === 'ca') {
    await run('openssl', ['req', '-x509', ...key, '-out', at('ca.crt'), '-days', '2', '-subj', subject]);
    return;
  }
  await run('openssl', ['req', '-new', ...key, '-out', at(`${name}.csr`), '-subj', subject]);
  writeFileSync(at(`${name}.ext`), `extendedKeyUsage=${purpose}\n${san === '' ? '' : `subjectAltName=${san}\n`}`);
  const ca = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2'];
  await run('openssl', [
    'x509',
    '-req',
    '-in',
    at(`${name}.csr`),
    ...ca,
    '-extfile',
    at(`${name}.ext`),
    '-out',
    at(`${name}.crt`),
  ]);
}

function start(program: string, args: readonly string[]): ChildProcess {
  const env = { PATH: process.env['PATH'], STANDIN_STORE: at('store.json') };
  const child = spawn(join(out, program), args, { env, stdio: 'ignore' });
  started.push(child);
  return child;
}

export async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  return child.exitCode;
}

interface Doors {
  readonly port: number;
  readonly child: ChildProcess;
  readonly args: readonly string[];
}

export async function startKubelet(settings: string, flags: readonly string[] = []): Promise<Doors> {
  const [port, healthzPort] = [await freePort(), await freePort()];
  const timing = `port: ${port}\nhealthzPort: ${healthzPort}\nnodeLeaseDurationSeconds: 2\nnodeStatusUpdateFrequency: 200ms\n`;
  const file = at(`config-${port}.yaml`);
  writeFileSync(file, `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n${timing}${settings}`);
  const own = [
    '--hostname-override=n1',
    '--node-ip=127.0.0.1',
    `--cert-dir=${at(`pki-${port}`)}`,
    `--cni-conf-dir=${at('cni')}`,
  ];
  const args = [`--kubeconfig=${at('n1.conf')}`, `--config=${file}`, ...own, ...flags];
  const child = start('kubelet', args);
  await until('kubelet healthz', async () => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      getPlain({ host: '127.0.0.1', port: healthzPort, path: '/healthz' }, resolve).on('error', reject);
    });
    return (await collect(response)).body === 'ok' && child.exitCode === null;
  });
  return { port, child, args };
}

export async function ready(): Promise<string> {
  const node = JSON.parse((await api('/api/v1/nodes/n1')).body) as {
    status: { conditions: { type: string; status: string }[] };
  };
  return node.status.conditions.find((item) => item.type === 'Ready')?.status ?? '';
}

export async function configzOf(): Promise<Record<string, unknown>> {
  const answer = await api('/api/v1/nodes/n1/proxy/configz');
  if (answer.status !== 200) throw new Error(answer.body);
  return (JSON.parse(answer.body) as { kubeletconfig: Record<string, unknown> }).kubeletconfig;
}

/** Builds the programs, makes the certificates, starts the API server. */
export async function openTrial(): Promise<void> {
  mkdirSync(at('cni'));
  writeFileSync(at('cni/10-lab.conflist'), '{}');
  await run('bash', [new URL('build.sh', import.meta.url).pathname, out]);
  await issue('ca', '/CN=kubernetes', '', '');
  await issue('apiserver', '/CN=kube-apiserver', 'IP:127.0.0.1', 'serverAuth');
  await issue('admin', '/O=system:masters/CN=admin', '', 'clientAuth');
  await issue('n1', '/O=system:nodes/CN=system:node:n1', '', 'clientAuth');
  await issue('manager', '/CN=system:kube-controller-manager', '', 'clientAuth');
  apiPort = await freePort();
  for (const name of ['n1', 'manager']) {
    const user = { 'client-certificate': `${name}.crt`, 'client-key': `${name}.key` };
    const cluster = { server: `https://127.0.0.1:${apiPort}`, 'certificate-authority': 'ca.crt' };
    const config = {
      clusters: [{ name: 'k', cluster }],
      contexts: [{ name: 'k', context: { cluster: 'k', user: 'u' } }],
      users: [{ name: 'u', user }],
      'current-context': 'k',
    };
    writeFileSync(at(`${name}.conf`), JSON.stringify(config));
  }
  const serving = [`--tls-cert-file=${at('apiserver.crt')}`, `--tls-private-key-file=${at('apiserver.key')}`];
  const kubelets = [`--kubelet-client-certificate=${at('admin.crt')}`, `--kubelet-client-key=${at('admin.key')}`];
  const rest = [`--client-ca-file=${at('ca.crt')}`, `--secure-port=${apiPort}`, '--etcd-servers=http://127.0.0.1:2379'];
  start('kube-apiserver', [...serving, ...kubelets, ...rest, '--kubelet-preferred-address-types=InternalIP']);
  const ca = [`--cluster-signing-cert-file=${at('ca.crt')}`, `--cluster-signing-key-file=${at('ca.key')}`];
  const pace = ['--node-monitor-grace-period=2s', '--node-monitor-period=300ms', '--leader-elect=false'];
  start('kube-controller-manager', [`--kubeconfig=${at('manager.conf')}`, ...ca, ...pace]);
  await until('readyz', async () => (await ask(apiPort, '/readyz')).body === 'ok');
}

export async function closeTrial(): Promise<void> {
  await Promise.all(started.map(stop));
  rmSync(folder, { recursive: true, force: true });
}
