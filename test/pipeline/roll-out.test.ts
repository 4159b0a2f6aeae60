/** How long a run takes: its hosts, not the person who is asked between waves. */
import { expect, it, vi } from 'vitest';
import { sleep } from '../../src/lib/clock.js';
import type { Run } from '../../src/pipeline/context.js';
import { rollOutWaves } from '../../src/pipeline/roll-out.js';
import { hostOutcome } from '../../src/run/outcome.js';
import { FakeJournal } from '../change/fake-node.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('../change/virtual-time.js')),
}));

it('a question between waves does not count', async () => {
  const ask = async (): Promise<boolean> => {
    await sleep(3_600_000);
    return true;
  };
  const run = {
    ...{ forks: 1, hosts: [], inventory: { hosts: [] }, pauses: { after: ['each'], ask } },
    ...{ report: () => undefined, shutdown: new AbortController().signal },
  } as unknown as Run;
  const hosts = ['n1', 'n2', 'n3'].map((host) => ({
    ...{ host, nodeName: undefined, controlPlane: false },
    async run() {
      await sleep(20_000);
      return hostOutcome(host, 'confirmed');
    },
  }));
  const flags = { waves: [{ count: 1 }, { count: 2 }], maxFailures: { count: 0 }, settle: 1, deadline: 1 };
  const about = { cluster: undefined, journal: new FakeJournal(), lease: undefined, verb: 'apply' } as const;
  const rolled = await rollOutWaves(hosts, run, { ...about, flags: { ...flags, cordon: false, drain: false } });
  expect([rolled.outcomes.length, rolled.durationMs]).toEqual([3, 60_000]);
});
