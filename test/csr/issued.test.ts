/** An issued certificate against its request, with certificates that OpenSSL signs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { checkIssued } from '../../src/csr/issued.js';
import { readRequest } from '../../src/csr/serving-request.js';
import { newestPending } from '../../src/csr/newest.js';
import { filed, newKeys, requestDer, sanOf, subjectOf } from './make-request.js';
import { pemOfDer } from '../../src/csr/request.js';

const folder = mkdtempSync(join(tmpdir(), 'kubelatch-csr-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const openssl = (...args: readonly string[]): void =>
  void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
openssl(
  ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=kubernetes -keyout ca.key -out ca.crt'.split(
    ' ',
  ),
);
const ca = readFileSync(join(folder, 'ca.crt'), 'utf8');

const pem = pemOfDer(
  requestDer({ keys: newKeys(), subject: subjectOf('n1'), extensions: [sanOf(['n1', '192.0.2.11'])] }),
);

/** What the lab's CA makes of a request. */
function issue({ names = 'DNS:n1,IP:192.0.2.11', usage = 'serverAuth', ca: isCa = 'FALSE', from = pem } = {}): string {
  writeFileSync(join(folder, 'request.pem'), from);
  writeFileSync(
    join(folder, 'extensions'),
    `subjectAltName=${names}\nextendedKeyUsage=${usage}\nbasicConstraints=critical,CA:${isCa}\n`,
  );
  openssl(...'x509 -req -in request.pem -CA ca.crt -CAkey ca.key -days 1 -extfile extensions -out leaf.crt'.split(' '));
  return readFileSync(join(folder, 'leaf.crt'), 'utf8');
}
const check = (certificate: string, authorities = ca, at = Date.now()) => {
  const request = readRequest(filed({ pem, status: { certificate: Buffer.from(certificate).toString('base64') } }));
  const { differences, notes } = checkIssued(request, authorities, at);
  return { differences, notes: notes.length };
};

it('is what was asked for', () => {
  expect(check(issue())).toEqual({ differences: [], notes: 0 });
  expect(check(issue(), '')).toEqual({ differences: [], notes: 1 });
});

it.each([
  [{ names: 'DNS:n1,IP:192.0.2.12' }, 'it has other names or addresses than the request'],
  [{ names: 'DNS:n1' }, 'it has other names or addresses than the request'],
  [{ usage: 'serverAuth,clientAuth' }, 'it can be used for more than serving'],
  [{ usage: 'clientAuth' }, 'it can be used for more than serving'],
  [{ ca: 'TRUE' }, 'it is the certificate of a CA'],
  [{ from: pemOfDer(requestDer({ subject: subjectOf('n1'), extensions: [] })) }, 'it has another key than the request'],
  [
    { from: pemOfDer(requestDer({ subject: subjectOf('n2'), extensions: [] })) },
    'it has another subject than the request',
  ],
])('%o is told', (how, difference) => {
  expect(check(issue(how)).differences).toContain(difference);
});

it('has its time, and can be read', () => {
  expect(check(issue(), ca, Date.now() + 3 * 24 * 3_600_000).differences).toEqual(['it is not valid at this time']);
  expect(check('x').differences).toEqual(['the certificate cannot be read']);
});

it('the newest pending request of a node counts', () => {
  const all = [
    filed({ name: 'a', createdAt: '2026-11-29T12:00:00Z', resourceVersion: '99' }),
    filed({ name: 'b', createdAt: '2026-11-29T12:00:00Z', resourceVersion: '100' }),
    filed({ name: 'c', createdAt: '2026-11-29T12:05:00Z', status: { conditions: [{ type: 'Denied' }] } }),
    filed({ name: 'd', createdAt: '2026-11-29T12:06:00Z', signerName: 'kubernetes.io/kube-apiserver-client-kubelet' }),
    filed({ name: 'e', username: 'system:node:n2' }),
  ].map(readRequest);
  expect([...newestPending(all)].map(([user, { name }]) => [user, name])).toEqual([
    ['system:node:n1', 'b'],
    ['system:node:n2', 'e'],
  ]);
});
