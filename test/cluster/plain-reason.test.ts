/** What kubectl's proxy passes on where it cannot reach the API server, and what is said of it. */
import { expect, it } from 'vitest';
import { proxyEndReason, reasonOf } from '../../src/cluster/plain-reason.js';

it.each([
  ['dial tcp 10.0.0.10:6443: connect: connection refused', /^nothing listens on 10\.0\.0\.10:6443; check /],
  ['dial tcp [fd00::1]:6443: i/o timeout', /^\[fd00::1\]:6443 cannot be reached; check the network/],
  ['dial tcp 10.0.0.10:6443: connect: no route to host', /^10\.0\.0\.10:6443 cannot be reached/],
  ['dial tcp: lookup api.prod on 10.0.0.2:53: no such host', /^the name api\.prod cannot be resolved; check DNS/],
  ['tls: failed to verify certificate: x509: unknown authority', /is not trusted \(x509: unknown authority\); check/],
  ['net/http: TLS handshake timeout', /did not answer \(TLS handshake timeout\); check its health/],
  ['unexpected EOF', /did not answer \(unexpected EOF\)/],
])('%s', (reason, said) => {
  expect(reasonOf(500, reason)).toMatch(said);
  expect(reasonOf(502, `\u001b[2J${reason}`)).not.toContain('\u001b');
});

it('what the API server itself answered stays as it is', () => {
  expect(reasonOf(403, 'nodes is forbidden')).toBe('HTTP 403: nodes is forbidden');
  expect(reasonOf(500, 'etcdserver: request timed out')).toBe('HTTP 500: etcdserver: request timed out');
  expect(reasonOf(404, 'dial tcp 1.2.3.4:1: connect: connection refused')).toContain('HTTP 404');
});

const places = { kubeconfig: 'cluster.kubeconfig in prod.yaml', context: 'KUBELATCH_CONTEXT' };

it.each([
  [
    'error: error loading config file "kc": yaml: line 1: no',
    'the kubeconfig kc cannot be read (yaml: line 1: no); check cluster.kubeconfig in prod.yaml',
  ],
  [
    'error: stat /kc: no such file or directory',
    'the kubeconfig /kc cannot be read (no such file or directory); check cluster.kubeconfig in prod.yaml',
  ],
  ['error: context "eu" does not exist', 'the kubeconfig has no context eu; check KUBELATCH_CONTEXT'],
  ['error: something else', 'kubectl proxy ended: error: something else'],
])('kubectl that ends with %s', (words, said) => {
  expect(proxyEndReason('kubectl', `${words}\n`, places)).toBe(said);
});
