import { expect, it } from 'vitest';
import { ruleChoices } from '../../src/pipeline/rule-choices.js';
import { loadPlaybooks } from '../../src/playbook/load.js';
import { auditResult, clusterFinding, finding, hostAudit } from '../report/samples.js';

it('names the rules that fail, what each may break, and who was seen relying on it', async () => {
  const playbooks = await loadPlaybooks(['baseline', 'cis']);
  const failing = ['read-only-port', 'anonymous-auth'].map((rule) => finding({ rule }));
  const hosts = [
    hostAudit('n1', { findings: [...failing, finding({ rule: 'authn-webhook', status: 'pass' })] }),
    hostAudit('n2', { findings: [finding({ rule: 'anonymous-auth' })] }),
  ];
  const client = { rule: 'consumer-read-only-port', object: 'DaemonSet monitoring/agent', message: 'It reads it now.' };
  const clusterFindings = [
    clusterFinding(client),
    clusterFinding({ ...client, status: 'pass', object: 'Deployment a/b' }),
    clusterFinding({ ...client, object: undefined }),
    clusterFinding(),
  ];
  const choices = ruleChoices(playbooks, { ...auditResult(hosts), clusterFindings });
  expect(choices.map(({ id, failing: on, reliedOnBy }) => [id, on, reliedOnBy])).toEqual([
    ['anonymous-auth', 2, []],
    ['read-only-port', 1, [{ object: client.object, message: client.message }]],
  ]);
  expect(choices.map(({ mayBreak }) => mayBreak)).toEqual(
    ['anonymous-auth', 'read-only-port'].map((id) => playbooks[0]?.rules.find((rule) => rule.id === id)?.mayBreak),
  );
});
