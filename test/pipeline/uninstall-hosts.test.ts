import { expect, it } from 'vitest';
import type { NodeTransaction } from '../../src/change/transaction.js';
import type { RunLease } from '../../src/cluster/run-lease.js';
import type { Host } from '../../src/inventory/host.js';
import { type Result, fail, ok } from '../../src/lib/result.js';
import { script } from '../../src/node/scripts.js';
import type { Uninstalled } from '../../src/report/model.js';
import type { Connector } from '../../src/ssh/connect.js';
import type { HostError } from '../../src/ssh/errors.js';
import type { Session } from '../../src/ssh/session.js';
import { uninstallTask } from '../../src/pipeline/host-tasks.js';
import { rollOutUninstall } from '../../src/pipeline/roll-out.js';
import { sortForUninstall, uninstalledHosts } from '../../src/pipeline/uninstall-hosts.js';
import type { JournalEntry } from '../../src/run/journal.js';
import type { RunEvent } from '../../src/run/outcome.js';
import { FakeJournal, answer } from '../change/fake-node.js';
import { FakeSession, type RunAnswer } from '../fake/fake-session.js';
import { hostNamed } from './kept-run.js';

const away: HostError = { kind: 'timeout', message: 'no answer', hint: 'look' };

type Problem = ReturnType<RunLease['problem']>;

/** Each host with what its node answers; undefined: it cannot be reached. */
async function uninstall(
  nodes: Readonly<Record<string, RunAnswer | undefined>>,
  {
    abort = false,
    asked = true,
    journal = new FakeJournal(),
    problem = (): Problem => undefined,
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
  const shutdown = abort ? AbortSignal.abort() : new AbortController().signal;
  const hosts = Object.keys(nodes).map((name) => ({ host: hostNamed(name), runs: 2 }));
  const about = { hosts: [], inventory: { cluster: { name: 'c' } } as never };
  const run = { ...about, connector, forks: 2, shutdown, report: (event: RunEvent) => void events.push(event) };
  const tasks = hosts.map(({ host }) => uninstallTask(host, run, { journal, report: run.report }));
  const { outcomes } = await rollOutUninstall(tasks, run, journal, { problem });
  const results = uninstalledHosts(hosts, outcomes);
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
  expect(results.map(({ host, outcome, reason }) => [host, outcome, reason])).toEqual([
    ['n1', 'removed', undefined],
    ['n2', 'nothing', undefined],
    [
      'n3',
      'refused',
      expect.stringMatching(/^run r7 of bob@desk has an unfinished change on this node \(applied, started 35 s ago\)/),
    ],
    ['n4', 'failed', 'cannot remove: Read-only file system'],
    ['n5', 'failed', expect.stringContaining('status 2: sh: oh')],
    ['n6', 'unreachable', 'no answer'],
  ]);
  for (const { outcome, hint } of results)
    if (outcome !== 'removed' && outcome !== 'nothing') expect(hint).toMatch(/\w/);
  // Backups may have gone before the rest failed, or before the answer was lost.
  for (const { hint } of results.slice(3, 5))
    expect(hint).toBe('some files may already be removed; run kubelatch uninstall again');
});

it('begins with no further host once it was interrupted', async () => {
  expect(await uninstall({ n1: undefined }, { abort: true })).toMatchObject([{ host: 'n1', outcome: 'skipped' }]);
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
    reason: 'the run journal cannot be written: ENOSPC: no space left on device',
    hint: expect.stringMatching(/^nothing was changed; free some space/) as string,
  });
});

it('begins with no further host while it is not sure of the run lock', async () => {
  const problem = (): Problem => ({ reason: 'somebody else took the run lock', final: true });
  const reason = 'somebody else took the run lock';
  expect(await uninstall({ n1: undefined }, { problem })).toMatchObject([{ outcome: 'skipped', reason }]);
});

it('leaves out, before anybody is asked, what is unfinished or cannot be reached', () => {
  const change = (id: string, state: string, left?: number): NodeTransaction => {
    return { id, state, about: { operator: 'bob@desk' }, verdict: '', stuck: '', left, order: 0, bytes: undefined };
  };
  const { ready, held } = sortForUninstall([
    { host: hostNamed('n1'), transactions: ok([change('r1', 'confirmed'), change('r2', 'reverted')]) },
    { host: hostNamed('n2'), transactions: ok([change('r1', 'confirmed'), change('r3', 'applied', 40)]) },
    { host: hostNamed('n3'), transactions: fail(away) },
    { host: hostNamed('n4'), transactions: fail({ ...away, kind: 'script' }) },
    { host: hostNamed('n5'), transactions: ok([]) },
    { host: hostNamed('n6'), transactions: fail({ ...away, kind: 'sudo-password' }) },
  ]);
  expect(ready.map(({ host, runs }) => [host.name, runs])).toEqual([
    ['n1', 2],
    ['n5', 0],
  ]);
  expect(held).toMatchObject([
    {
      host: 'n2',
      outcome: 'refused',
      reason: expect.stringMatching(/^run r3 of bob@desk .*\(applied\).* 40 s/) as string,
    },
    { host: 'n3', outcome: 'unreachable' },
    { host: 'n4', outcome: 'failed' },
    { host: 'n6', outcome: 'failed' },
  ]);
  expect(held[0]?.hint).toContain('kubelatch rollback r3 --limit n2');
});
