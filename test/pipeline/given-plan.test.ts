/** A plan that is carried out as it was shown: the clients that it was shown with are looked for again after the change. */
import { afterEach, expect, it, vi } from 'vitest';
import { apply } from '../../src/pipeline/apply.js';
import type { Consumers } from '../../src/pipeline/consumers.js';
import { notesAfter } from '../../src/pipeline/consumers-after.js';
import type { RolloutFlags, Run } from '../../src/pipeline/context.js';
import { rollOutWaves } from '../../src/pipeline/roll-out.js';
import type { ClusterFinding } from '../../src/playbook/cluster-finding.js';
import type { Journal } from '../../src/run/journal.js';
import { beginRun } from '../../src/run/open.js';
import { hostOutcome } from '../../src/run/outcome.js';
import { hostPlan } from '../report/samples.js';

vi.mock(import('../../src/pipeline/with-cluster.js'), () => ({ withCluster: (_run, work) => work(undefined, 'none') }));
vi.mock(import('../../src/pipeline/consumers-after.js'), { spy: true });
vi.mock(import('../../src/pipeline/roll-out.js'), { spy: true });
vi.mock(import('../../src/pipeline/host-tasks.js'), { spy: true });
vi.mock(import('../../src/run/open.js'), { spy: true });
afterEach(() => vi.restoreAllMocks());

const breaking: ClusterFinding = {
  rule: 'consumer-read-only-port',
  title: 't',
  severity: 'high',
  status: 'fail',
  object: 'DaemonSet a/b',
  message: 'm',
  evidence: [],
  fix: '',
};
const consumers: Consumers = {
  closing: { readOnly: ['n1'], anonymous: [], webhook: [] },
  ...{ hosts: [], drafts: [], findings: [breaking] },
};
const flags = { deadline: 1000 } as unknown as RolloutFlags;
const run = {
  ...{
    hosts: [{ name: 'n1', ssh: { jump: [] } }],
    inventory: { path: 'i', cluster: { name: 'c' } },
    playbooks: [],
    forks: 1,
  },
  report: () => undefined,
} as unknown as Run;
const playbooks = ['tls'];
const given = { plan: { hosts: [hostPlan('n1')], playbooks } as never, consumers };
const yes = (): Promise<boolean> => Promise.resolve(true);

it('are those that the unattended apply looks for', async () => {
  const outcomes = [hostOutcome('n1', 'confirmed')];
  vi.mocked(beginRun).mockImplementation((_place, _cluster, _about, work) => work({ run: 'r1' } as Journal, undefined));
  vi.mocked(rollOutWaves).mockResolvedValue({
    outcomes,
    stopped: undefined,
    isComplete: true,
    isPaused: false,
    durationMs: 41_000,
    hooks: [],
  });
  vi.mocked(notesAfter).mockResolvedValue(['DaemonSet a/b uses port 10250 now']);
  const result = await apply(run, flags, given, yes);
  expect(vi.mocked(notesAfter).mock.calls).toEqual([[run, undefined, consumers, outcomes]]);
  expect(result?.notes).toEqual(['DaemonSet a/b uses port 10250 now']);
  expect(result?.durationMs).toBe(41_000);
  // Those of the plan, not those of this call.
  expect(result?.playbooks).toBe(playbooks);
});

it('stop the change with --fail-on-consumers', async () => {
  const failing = { ...run, consumers: { observe: 0, scanSecrets: false, failOn: true } };
  await expect(apply(failing, flags, given, yes)).rejects.toThrow('this change would break DaemonSet a/b');
});
