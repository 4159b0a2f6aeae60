// The certificate that port 10250 serves: given files, a self-signed pair, or one asked for by a CSR (serverTLSBootstrap).
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { at, listOf, text, type Json } from '../json.js';
import * as klog from '../klog.js';
import { makeRequest, makeSelfSigned, type User } from '../x509.js';
import { refusal, type ApiClient } from '../api-client.js';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export async function selfSigned(certDir: string, host: string): Promise<{ certFile: string; keyFile: string }> {
  const certFile = join(certDir, 'kubelet.crt');
  const keyFile = join(certDir, 'kubelet.key');
  if (!existsSync(certFile) || !existsSync(keyFile)) {
    mkdirSync(certDir, { recursive: true, mode: 0o755 });
    await makeSelfSigned(certFile, keyFile, host);
    klog.info('server.go:918', 'Using self-signed cert', { certFile, keyFile });
  }
  return { certFile, keyFile };
}

/** A certificate and key kept in one file, undefined where there is none that is still valid. */
export function keptPair(path: string): Pair | undefined {
  try {
    const both = readFileSync(path, 'utf8');
    const valid = Date.parse(new X509Certificate(both).validTo) > Date.now();
    return valid ? { cert: both, key: both } : undefined;
  } catch {
    return undefined;
  }
}

/** <name>-current.pem is a symlink to the newest dated file, as the real certificate store keeps it. */
export function keepPair(certDir: string, name: string, pair: Pair): string {
  mkdirSync(certDir, { recursive: true, mode: 0o755 });
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-').replace('T', '-');
  const file = join(certDir, `${name}-${stamp}.pem`);
  writeFileSync(file, `${pair.cert}${pair.key}`, { mode: 0o600 });
  const link = join(certDir, `${name}-current.pem`);
  rmSync(`${link}.new`, { force: true });
  symlinkSync(file, `${link}.new`);
  renameSync(`${link}.new`, link);
  return link;
}

function condition(request: Json, type: string): boolean {
  return listOf(at(request, 'status', 'conditions')).some((item) => at(item, 'type') === type);
}

export interface Wish {
  readonly signerName: string;
  readonly usages: readonly string[];
  readonly subject: User;
  readonly names: readonly string[];
}

/** Asks once and waits for the answer; undefined when the request was denied or vanished. */
async function askOnce(api: ApiClient, wish: Wish): Promise<Pair | undefined> {
  const { keyPem, requestPem } = await makeRequest(wish.subject, wish.names);
  const spec = {
    request: Buffer.from(requestPem).toString('base64'),
    signerName: wish.signerName,
    usages: [...wish.usages],
  };
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const metadata = { generateName: 'csr-' };
  const created = await api.call('POST', path, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata,
    spec,
  });
  if (created.status >= 300) throw new Error(`cannot create certificate signing request: ${refusal(created)}`);
  const name = text(at(created.body, 'metadata', 'name'));
  klog.info('csr.go:261', 'certificate signing request is waiting', { name, signer: wish.signerName });
  for (;;) {
    await sleep(500);
    const { status, body } = await api.call('GET', `${path}/${name}`);
    if (status === 404 || condition(body, 'Denied') || condition(body, 'Failed')) return undefined;
    const certificate = text(at(body, 'status', 'certificate'));
    if (certificate !== '') return { cert: Buffer.from(certificate, 'base64').toString('utf8'), key: keyPem };
  }
}

/** Keeps asking until a certificate is issued. */
export async function obtain(api: ApiClient, wish: Wish): Promise<Pair> {
  for (let wait = 1000; ; wait = Math.min(wait * 2, 30_000)) {
    try {
      const pair = await askOnce(api, wish);
      if (pair !== undefined) return pair;
      klog.error('certificate_manager.go:562', 'certificate request was not signed', { signer: wish.signerName });
    } catch (thrown) {
      klog.error('certificate_manager.go:562', 'Failed while requesting a signed certificate from the control plane', {
        err: klog.reason(thrown),
      });
    }
    await sleep(wait);
  }
}
