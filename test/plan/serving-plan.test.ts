import { describe, expect, it } from 'vitest';
import type { EditOptions } from '../../src/distros/distro.js';
import { detectDistro } from '../../src/distros/index.js';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import { type Planned, completePlan, planHost } from '../../src/plan/host-plan.js';
import { withText } from '../../src/plan/simulate.js';
import { loadPlaybook } from '../../src/playbook/load.js';
import { readNode } from '../nodes/recorded-node.js';

const tls = await loadPlaybook('tls');
const config = '/var/lib/kubelet/config.yaml';
const { facts } = readNode('kubeadm-weak');

function planFor(of: NodeFacts, options: Partial<EditOptions> = {}): Planned {
  const detected = detectDistro(of);
  if (detected === undefined) throw new Error('no kubelet');
  const view = { facts: of, setup: detected.setup, configz: undefined, kubeletVersion: undefined };
  const evidence = { clientCertificates: [], clusterCa: undefined };
  const host = { host: 'n1', nodeName: 'n1', role: 'worker' } as const;
  const all = { moveArguments: false, acceptPendingEdits: true, ...options };
  return completePlan(planHost(host, view, detected.distro, [tls], all), evidence);
}
function with_(lines: string): NodeFacts {
  const file = facts.files.get(config);
  const text = file?.kind === 'file' ? (file.content?.toString('utf8') ?? '') : '';
  return withText(facts, 'kubelet.service', { path: config, text: `${text.trimEnd()}\n${lines}` });
}
const plan = (planned: Planned) => {
  if ('refused' in planned) throw new Error(planned.refused.reason);
  return planned.plan;
};

describe('a serving certificate of the cluster', () => {
  it('is asked for where the plan turns serverTLSBootstrap on', () => {
    const { serving, fixes, edits } = plan(planFor(facts));
    expect(serving).toEqual({ certDir: '/var/lib/kubelet/pki', kubeconfig: '/etc/kubernetes/kubelet.conf' });
    expect(fixes).toContain('server-tls-bootstrap');
    expect(edits.some(({ text }) => text?.includes('serverTLSBootstrap: true'))).toBe(true);
  });

  it('is not, where the kubelet asks for one already, or another rule is the reason for the change', () => {
    expect(plan(planFor(with_('serverTLSBootstrap: true\n'))).serving).toBeUndefined();
  });

  it('is left out where nobody would renew it, with the reason; the other rules stay', () => {
    const noApprover = { reason: 'nobody approves renewals', hint: 'install an approver' };
    const { serving, skippedRules, fixes, edits } = plan(planFor(facts, { noApprover }));
    expect(serving).toBeUndefined();
    expect(skippedRules).toEqual([{ rule: 'server-tls-bootstrap', ...noApprover }]);
    expect(fixes.length).toBeGreaterThan(0);
    expect(edits.some(({ text }) => text?.includes('serverTLSBootstrap'))).toBe(false);
  });

  it('is left out beside a tlsCertFile, which the kubelet would go on serving', () => {
    const own = with_('tlsCertFile: /etc/ssl/own.crt\ntlsPrivateKeyFile: /etc/ssl/own.key\n');
    const { serving, skippedRules } = plan(planFor(own));
    expect(serving).toBeUndefined();
    expect(skippedRules).toMatchObject([
      { rule: 'server-tls-bootstrap', reason: expect.stringContaining('/etc/ssl/own.crt') as string },
    ]);
  });

  it.each(['k3s-server-1.33', 'rke2-server-1.33'])('is never asked for on %s', (name) => {
    const planned = planFor(readNode(name).facts);
    expect('plan' in planned ? planned.plan.serving : undefined).toBeUndefined();
  });
});
