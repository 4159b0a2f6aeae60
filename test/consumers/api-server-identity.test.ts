import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assessApiServer, subjectOf, webhookRefusal } from '../../src/consumers/api-server-identity.js';
import { type ApiAnswers, apiServer } from './objects.js';

function certificate(subject: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'kubelatch-identity-'));
  const out = join(folder, 'c.crt');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(folder, 'c.key')];
  execFileSync('openssl', ['req', '-x509', ...key, '-out', out, '-subj', subject], { stdio: 'pipe' });
  const pem = readFileSync(out, 'utf8');
  rmSync(folder, { recursive: true });
  return pem;
}
const pem = certificate('/O=group-a/O=group-b/CN=kube-apiserver-kubelet-client');
const assess = (allows: NonNullable<ApiAnswers['allows']>, certificates = [pem]) =>
  assessApiServer(apiServer({ allows }), certificates);

describe('the API server’s own identity', () => {
  it('is read from its client certificate', () => {
    const groups = ['group-a', 'group-b', 'system:authenticated'];
    expect(subjectOf(pem)).toEqual({ user: 'kube-apiserver-kubelet-client', groups });
    expect(subjectOf(certificate('/O=nobody'))).toBeUndefined();
    expect(subjectOf('no certificate')).toBeUndefined();
  });

  it('passes with every right', async () => {
    const findings = await assess(() => true, [pem, pem]);
    expect(findings).toMatchObject([{ rule: 'api-server-identity', status: 'pass' }]);
    expect(webhookRefusal(findings)).toBeUndefined();
  });

  it('fails without one of them, with the binding to create', async () => {
    const findings = await assess(
      (user, verb, sub) => user === 'kube-apiserver-kubelet-client' && `${verb} ${sub}` !== 'create proxy',
    );
    expect(findings).toMatchObject([{ status: 'fail', severity: 'critical' }]);
    const refusal = webhookRefusal(findings);
    expect(refusal?.reason).toContain('lacks create nodes/proxy: kubectl logs and exec get 403');
    expect(refusal?.hint).toBe(
      'kubectl create clusterrolebinding apiserver-kubelet-client --clusterrole=system:kubelet-api-admin --user=kube-apiserver-kubelet-client',
    );
  });

  it('is unknown where it cannot be asked, or was not read; then nothing is refused', async () => {
    for (const findings of [await assess(() => undefined), await assess(() => true, [])]) {
      expect(findings).toMatchObject([{ status: 'unknown' }]);
      expect(webhookRefusal(findings)).toBeUndefined();
    }
  });

  it('puts no name into a command that a shell would read otherwise', async () => {
    const [finding] = await assess(() => false, [certificate('/CN=a$(reboot)')]);
    expect(finding?.fix).toMatch(/--user=USER$/);
  });
});
