import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NodeStatus } from '../../src/cluster/nodes.js';
import { certificateEdits, dropKey, namesOf, requestOnNode } from '../../src/change/serving.js';
import { revert } from '../../src/change/transaction.js';
import { shells } from './node-shell.js';
import { said, useNode } from './txn-node.js';

const pki = mkdtempSync(join(tmpdir(), 'kubelatch-serving-'));
const of = (name: string): string => join(pki, name);
const running: ChildProcess[] = [];
const ports: Record<string, string> = {};

function openssl(...args: readonly string[]): string {
  const ran = spawnSync('openssl', args, { encoding: 'utf8', cwd: pki });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return ran.stdout;
}
const key = (name: string): string => openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', name);
function signed(name: string, subject: string, extension: string, days = '1'): void {
  key(`${name}.key`);
  openssl('req', '-new', '-key', `${name}.key`, '-subj', subject, '-out', `${name}.csr`);
  writeFileSync(of(`${name}.ext`), extension);
  const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`, '-days', days];
  openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-out', `${name}.crt`);
  writeFileSync(of(`${name}.pem`), readFileSync(of(`${name}.crt`), 'utf8') + readFileSync(of(`${name}.key`), 'utf8'));
}

async function serve(status: string): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'api-server.mjs'), pki, status]);
  running.push(child);
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  ports[status] = text.toString().trim();
}

beforeAll(async () => {
  for (const name of ['ca', 'other']) {
    key(`${name}.key`);
    openssl('req', '-x509', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-days', '2', '-out', `${name}.crt`);
  }
  signed('server', '/CN=api', 'subjectAltName=IP:127.0.0.1\n');
  signed('node', '/O=system:nodes/CN=system:node:n1', 'extendedKeyUsage=clientAuth\n');
  signed('past', '/CN=past', '', '-1');
  await Promise.all([serve('201'), serve('403')]);
});
afterAll(() => {
  for (const child of running) child.kill();
  rmSync(pki, { recursive: true, force: true });
});

const n1: NodeStatus = {
  ...{ name: 'n1', ready: 'True', reason: '', kubeletVersion: 'v1.31.4', controlPlane: false, unschedulable: false },
  ...{ addresses: ['192.0.2.7', 'n1', '2001:DB8:0::7', 'n1.example'], leaseRenewed: undefined },
};
const base64 = (name: string): string => readFileSync(of(name)).toString('base64');

interface Asked {
  readonly url: string;
  readonly user: string;
  readonly body: { spec: { request: string; usages: readonly string[]; signerName: string } };
}
const asked = (): Asked[] =>
  (existsSync(of('asked.ndjson')) ? readFileSync(of('asked.ndjson'), 'utf8').split('\n').slice(0, -1) : []).map(
    (line) => JSON.parse(line) as Asked,
  );

it('the kubelet’s own names are asked for, and no others', () => {
  expect(namesOf(n1)).toEqual({ dns: ['n1', 'n1.example'], ips: ['192.0.2.7', '2001:db8::7'] });
});

describe.each(shells)('a request for a certificate under $name', (shell) => {
  const node = useNode(shell);
  let plan: { certDir: string; kubeconfig: string };
  const keys = (): string => join(node.place.root, 'serving');

  beforeEach(() => {
    const program = spawnSync('sh', ['-c', 'command -v openssl'], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(program, join(node.place.bin, 'openssl'));
    plan = { certDir: join(node.etc, 'pki'), kubeconfig: kubeconfigFile({}) };
    mkdirSync(plan.certDir);
    rmSync(of('asked.ndjson'), { force: true });
  });

  function kubeconfigFile({ status = '201', ca = 'ca', more = '', embedded = false }): string {
    const credentials = embedded
      ? [`client-certificate-data: ${base64('node.crt')}`, `client-key-data: ${base64('node.key')}`]
      : [`client-certificate: ${of('node.pem')}`, `client-key: "${of('node.pem')}"`];
    const text = [
      'apiVersion: v1\nclusters:\n- cluster:',
      `    certificate-authority-data: ${base64(`${ca}.crt`)}`,
      `    server: https://127.0.0.1:${ports[status] ?? ''}`,
      '  name: c\nusers:\n- name: u\n  user:',
      ...credentials.map((line) => `    ${line}`),
      more,
    ];
    return node.file(`kubelet-${status}-${ca}-${more.length}-${embedded}.conf`, `${text.join('\n')}\n`, 0o600);
  }
  const ask = async (over: Partial<typeof plan> = {}, of = n1) => {
    const answer = await requestOnNode(node.session, 'r1', { ...plan, ...over }, of);
    if (!answer.ok) throw new Error(answer.error.message);
    return answer.value;
  };
  const unable = (reason: RegExp) => ({ kind: 'unable', reason: expect.stringMatching(reason) as string });

  it.each([{ embedded: false }, { embedded: true }])('is filed as the node itself ($embedded)', async (how) => {
    const answer = await ask({ kubeconfig: kubeconfigFile(how) });
    if (answer.kind !== 'requested') throw new Error(JSON.stringify(answer));
    const [seen] = asked();
    expect(seen).toMatchObject({
      url: '/apis/certificates.k8s.io/v1/certificatesigningrequests',
      user: 'system:node:n1',
      body: { spec: { signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] } },
    });
    expect(
      Buffer.from(seen?.body.spec.request ?? '', 'base64')
        .toString()
        .trim(),
    ).toBe(answer.request);
    writeFileSync(of('made.csr'), `${answer.request}\n`);
    const text = openssl('req', '-in', 'made.csr', '-noout', '-text', '-verify');
    expect(text).toContain('O = system:nodes, CN = system:node:n1');
    expect(text).toContain('DNS:n1, DNS:n1.example, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7');
    expect(readdirSync(keys())).toEqual(['r1.key']);
    expect(statSync(join(keys(), 'r1.key')).mode & 0o777).toBe(0o600);
  });

  it('asks signers before 1.27 for key encipherment too', async () => {
    await ask({}, { ...n1, kubeletVersion: 'v1.20.2' });
    expect(asked()[0]?.body.spec.usages).toEqual(['digital signature', 'key encipherment', 'server auth']);
  });

  it('brings its key into the change, and a revert takes both files away', async () => {
    const answer = await ask();
    expect(answer.kind).toBe('requested');
    const made = readFileSync(join(keys(), 'r1.key'), 'utf8');
    const before = node.tree();
    await node.applied(certificateEdits(plan, 'a certificate'));
    expect(readFileSync(join(plan.certDir, 'kubelet-server.key'), 'utf8')).toBe(made);
    expect(statSync(join(plan.certDir, 'kubelet-server.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(plan.certDir, 'kubelet-server.crt'), 'utf8')).toBe('a certificate\n');
    // No second copy of the key: what a node keeps of a change is read by more programs than its kubelet.
    expect(existsSync(keys())).toBe(false);
    expect(readdirSync(node.of('new')).map((name) => readFileSync(join(node.of('new'), name), 'utf8'))).toEqual([
      'a certificate\n',
    ]);
    expect(said(await revert(node.session, 'r1', 'files-only', 'a test'))).toMatchObject({ word: 'reverted' });
    expect(node.tree()).toEqual(before);
  });

  it('without its key is refused by prepare', async () => {
    await ask();
    await dropKey(node.session, 'r1');
    expect(existsSync(keys())).toBe(false);
    const before = node.tree();
    expect(await node.prepared(certificateEdits(plan, 'a certificate'))).toMatchObject({ word: 'error' });
    node.nothingLeft(before);
  });

  it.each([
    ['the API server refuses', () => ({ kubeconfig: kubeconfigFile({ status: '403' }) }), /HTTP 403 no/],
    ['the API server is another one', () => ({ kubeconfig: kubeconfigFile({ ca: 'other' }) }), /did not answer/],
    ['the kubeconfig names two', () => ({ kubeconfig: kubeconfigFile({ more: '    server: https://x' }) }), /several/],
    ['there is no kubeconfig', () => ({ kubeconfig: join(node.etc, 'none.conf') }), /cannot be read/],
  ])('leaves nothing behind where %s', async (_what, over, reason) => {
    const plan = over();
    const before = node.tree();
    expect(await ask(plan)).toEqual(unable(reason));
    expect(node.tree()).toEqual(before);
    expect(existsSync(keys())).toBe(false);
  });

  it('is not made where the kubelet has a certificate that is valid', async () => {
    writeFileSync(join(plan.certDir, 'kubelet-server-current.pem'), readFileSync(of('node.pem')));
    expect(await ask()).toEqual({ kind: 'present' });
    expect(asked()).toEqual([]);
  });

  it.each([
    ['kubelet-server-current.pem', 'past.pem', /has expired/],
    ['kubelet-server-current.pem', 'ca.key', /has expired or cannot be read/],
    ['kubelet-server.crt', 'ca.crt', /is there already/],
    ['kubelet-server.key', 'ca.key', /is there already/],
  ])('is not made over %s (%s)', async (name, from, reason) => {
    writeFileSync(join(plan.certDir, name), readFileSync(of(from)));
    expect(await ask()).toEqual(unable(reason));
    expect(asked()).toEqual([]);
  });

  it('passes on no word that a shell could take for its own', async () => {
    const name = 'n1;touch x';
    const answer = await requestOnNode(node.session, 'r1', plan, { ...n1, name });
    expect(answer).toMatchObject({ ok: false });
    expect(asked()).toEqual([]);
  });
});
