import { expect, it } from 'vitest';
import type { KeptTransaction } from '../../src/apply/node-transaction.js';
import type { RunLease } from '../../src/cluster/run-lease.js';
import type { Host } from '../../src/inventory/host.js';
import { type Result, fail, ok } from '../../src/lib/result.js';
import { script } from '../../src/node/scripts.js';
import type { Uninstalled } from '../../src/report/uninstall-text.js';
import type { Connector } from '../../src/ssh/connect.js';
import type { HostError } from '../../src/ssh/errors.js';
import type { Session } from '../../src/ssh/session.js';
import { sortForUninstall, uninstallHosts } from '../../src/stages/uninstall.js';
import type { JournalEntry } from '../../src/apply/journal.js';
import type { RunEvent } from '../../src/apply/outcome.js';
import { FakeJournal, answer } from '../apply/fake-node.js';
import { FakeSession, type RunAnswer } from '../fake/fake-session.js';

const hostNamed = (name: string): Host => ({
  name,
  address: name,
  role: 'worker',
  group: 'workers',
  ssh: { user: 'deploy', jump: [], become: 'sudo' },
});
const away: HostError = { kind: 'timeout', message: 'no answer', hint: 'look' };

type Doubt = ReturnType<RunLease['doubt']>;

/** Each host with what its node answers; undefined: it cannot be reached. */
async function uninstall(
  nodes: Readonly<Record<string, RunAnswer | undefined>>,
  {
    abort = false,
    asked = true,
    journal = new FakeJournal(),
    doubt = (): Doubt => undefined,
    events = [] as RunEvent[],
  } = {},
): Promise<Uninstalled[]> {
  const sessions: FakeSession[] = [];
  const connect = ({ name }: Host): Promise<Result<Session, HostError>> => {
    const said = nodes[name];
    if (said === undefined) return Promise.resolve(fail(away));
    const session = new FakeSession(name).onRun(
      (call) => call.script === script('txn') && call.args.join(' ') === 'uninstall all',
      said,
      asked ? 1 : 0,
    );
    sessions.push(session);
    return Promise.resolve(ok(session));
  };
  const connector: Connector = { connect, fresh: connect, close: () => Promise.resolve() };
  const drain = abort ? AbortSignal.abort() : new AbortController().signal;
  const hosts = Object.keys(nodes).map((name) => ({ host: hostNamed(name), runs: 2 }));
  const results = await uninstallHosts(
    hosts,
    { connector, forks: 2, drain, report: (event) => void events.push(event) },
    journal,
    { doubt },
  );
  for (const session of sessions) {
    session.verify();
    expect(session.closed).toBe(true);
  }
  return results;
}

it('tells for each host how it came out', async () => {
  const results = await uninstall({
    n1: answer('uninstalled'),
    n2: answer('uninstalled', 'nothing'),
    n3: answer('pending', 'r7 applied 35 90 bob@desk'),
    n4: answer('error', 'cannot remove: Read-only file system'),
    n5: { code: 2, stderr: 'sh: oh' },
    n6: undefined,
  });
  expect(results.map(({ name, outcome, reason }) => [name, outcome, reason])).toEqual([
    ['n1', 'removed', undefined],
    ['n2', 'nothing', undefined],
    ['n3', 'refused', expect.stringMatching(/^bob@desk holds this node since 35 s for run r7 \(applied\)/)],
    ['n4', 'failed', 'cannot remove: Read-only file system'],
    ['n5', 'failed', expect.stringContaining('status 2: sh: oh')],
    ['n6', 'unreachable', 'no answer'],
  ]);
  for (const { outcome, hint } of results)
    if (outcome !== 'removed' && outcome !== 'nothing') expect(hint).toMatch(/\w/);
  // Backups may have gone before the rest failed, or before the answer was lost.
  for (const { hint } of results.slice(3, 5)) expect(hint).toBe('some of it may be gone already; uninstall again');
});

it('begins with no further host once it was interrupted', async () => {
  expect(await uninstall({ n1: undefined }, { abort: true })).toMatchObject([{ name: 'n1', outcome: 'skipped' }]);
});

it('is written down before each host and after it, and removes nothing where it cannot be', async () => {
  const journal = new FakeJournal();
  const events: RunEvent[] = [];
  await uninstall(
    { n1: answer('uninstalled'), n2: undefined, n3: answer('uninstalled', 'nothing') },
    { journal, events },
  );
  expect(events[0]).toMatchObject({ event: 'run-started', run: journal.run, hosts: 3 });
  expect(events.filter((one) => 'host' in one && one.host === 'n1').map(({ event }) => event)).toEqual([
    'step',
    'host-done',
  ]);
  const of = (host: string): JournalEntry[] => journal.entries.filter((one) => 'host' in one && one.host === host);
  expect(of('n1')).toMatchObject([
    { entry: 'step', step: 'uninstall' },
    { entry: 'host', outcome: 'confirmed' },
  ]);
  expect(of('n2')).toMatchObject([{ entry: 'host', outcome: 'unreachable' }]);
  expect(of('n3').at(-1)).toMatchObject({ outcome: 'unchanged' });
  const full = new FakeJournal();
  full.fails = (entry) => entry.entry === 'step';
  const [refused] = await uninstall({ n1: answer('uninstalled') }, { journal: full, asked: false });
  expect(refused).toMatchObject({
    outcome: 'failed',
    reason: 'the journal cannot be written: ENOSPC: no space left on device',
    hint: expect.stringMatching(/^nothing was removed/) as string,
  });
});

it('begins with no further host while it is not sure of the run lock', async () => {
  const doubt = (): Doubt => ({ reason: 'somebody else took the run lock', final: true });
  const reason = 'somebody else took the run lock';
  expect(await uninstall({ n1: undefined }, { doubt })).toMatchObject([{ outcome: 'skipped', reason }]);
});

it('leaves out, before anybody is asked, what is unfinished or cannot be reached', () => {
  const change = (id: string, state: string, left?: number): KeptTransaction => {
    return { id, state, about: { operator: 'bob@desk' }, verdict: '', stuck: '', left, order: 0, bytes: undefined };
  };
  const { ready, held } = sortForUninstall([
    { host: hostNamed('n1'), transactions: ok([change('r1', 'confirmed'), change('r2', 'reverted')]) },
    { host: hostNamed('n2'), transactions: ok([change('r1', 'confirmed'), change('r3', 'applied', 40)]) },
    { host: hostNamed('n3'), transactions: fail(away) },
    { host: hostNamed('n4'), transactions: fail({ ...away, kind: 'script' }) },
    { host: hostNamed('n5'), transactions: ok([]) },
  ]);
  expect(ready.map(({ host, runs }) => [host.name, runs])).toEqual([
    ['n1', 2],
    ['n5', 0],
  ]);
  expect(held).toMatchObject([
    {
      name: 'n2',
      outcome: 'refused',
      reason: expect.stringMatching(/bob@desk .* run r3 \(applied\).* 40 s/) as string,
    },
    { name: 'n3', outcome: 'unreachable' },
    { name: 'n4', outcome: 'failed' },
  ]);
  expect(held[0]?.hint).toContain('kubelatch rollback r3 --limit n2');
});
