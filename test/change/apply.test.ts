import { expect, it, vi } from 'vitest';
import { applyToHost } from '../../src/change/apply.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { Outcome } from '../../src/run/outcome.js';
import { fail, ok } from '../../src/lib/result.js';
import type { RunAnswer } from '../fake/fake-session.js';
import { FakeNode, about, answer, context, fakeCluster, lost, nodeStatus, plan, watched } from './fake-node.js';
import { monotonic } from './virtual-time.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('./virtual-time.js')),
}));

const held = answer('pending', 'r0 applied 75 45 eve@there');
const broken = answer('broken', 'I/O error');

async function apply(node: FakeNode, over: Parameters<typeof context>[0] = {}): Promise<Outcome> {
  const outcome = await applyToHost(plan(), about, node.task(), context(over));
  node.verify();
  return outcome;
}

it('confirms a change that the gate let pass', async () => {
  const node = new FakeNode();
  const outcome = await apply(node);
  expect(outcome).toMatchObject({ outcome: 'confirmed', edits: [{ path: '/etc/kubelet.yaml', action: 'edit' }] });
  const checks = ['kubelet-process', 'healthz', 'anonymous-10250', 'read-only-port', 'lease', 'ready', 'configz'];
  expect(outcome.gate.map(({ check, passed }) => [check, passed])).toEqual(checks.map((check) => [check, true]));
  expect(node.verbs).toEqual(['prepare', 'arm', 'write', 'restart', 'confirm']);
  // One for the change, one to prove the way in, one to confirm.
  expect(node.sessions).toHaveLength(3);
});

it('has a node forget what is beyond the backups to keep, once the change is confirmed', async () => {
  const node = new FakeNode();
  node.answers['prune'] = answer('pruned', '2');
  expect(await apply(node, { keep: 3 })).toMatchObject({ outcome: 'confirmed' });
  expect(node.verbs.slice(-2)).toEqual(['confirm', 'prune']);
  const calls = node.sessions.flatMap(({ runs }) => runs).filter(({ args }) => args[0] === 'prune');
  expect(calls.map(({ args }) => args)).toEqual([['prune', 'r1', '3']]);
});

it('stays confirmed where the node could not forget', async () => {
  const node = new FakeNode();
  node.answers['prune'] = { error: lost };
  expect(await apply(node, { keep: 3 })).toMatchObject({ outcome: 'confirmed', reason: undefined });
});

it('removes no backup on a node that was reverted', async () => {
  const node = new FakeNode();
  node.answers['restart'] = answer('restart-failed', 'timed out');
  node.watch = () => watched({ active: 'failed', sub: 'failed', pid: 0 });
  await applyToHost(plan(), about, node.task(), context({ keep: 3 }));
  expect(node.verbs).not.toContain('prune');
});

it('writes the journal before each effect', async () => {
  const node = new FakeNode();
  const run = context();
  const order: string[] = [];
  const write = run.journal.write.bind(run.journal);
  run.journal.write = async (entry) => {
    await new Promise((resolve) => setImmediate(resolve));
    if (entry.entry === 'step') order.push(`journal ${entry.step}`);
    return write(entry);
  };
  for (const [verb, word] of [
    ['prepare', 'prepared'],
    ['arm', 'armed'],
    ['write', 'applied'],
    ['restart', 'restarted'],
    ['confirm', 'confirmed'],
  ] as const)
    node.answers[verb] = () => {
      order.push(verb);
      return answer(word);
    };
  await applyToHost(plan(), about, node.task(), run);
  const without = ['journal connect', 'journal prove', 'journal gate'];
  expect(order.filter((one) => !without.includes(one))).toEqual(
    ['prepare', 'arm', 'write', 'restart', 'confirm'].flatMap((verb) => [`journal ${verb}`, verb]),
  );
});

it('is unreachable where no connection comes about', async () => {
  const node = new FakeNode();
  node.connect = () => fail({ kind: 'timeout', message: 'no route', hint: 'look' } as unknown as typeof lost);
  expect(await apply(node)).toMatchObject({ outcome: 'unreachable', reason: 'no route', hint: 'look' });
});

it.each<[string, string, RunAnswer, string, RegExp, string[]]>([
  ['a file changed', 'prepare', answer('changed', '/etc/x'), 'refused', /\/etc\/x changed since/, ['prepare']],
  [
    'another run holds it',
    'prepare',
    held,
    'refused',
    /^run r0 of eve@there has an unfinished change on this node \(applied, started 75 s ago\); .* in 45 s unless that run checks in$/,
    ['prepare'],
  ],
  ['it is held since', 'arm', held, 'refused', /run r0/, ['prepare', 'arm', 'revert files-only']],
  [
    'no switch',
    'arm',
    answer('error', 'cannot be armed'),
    'failed',
    /cannot be armed/,
    ['prepare', 'arm', 'revert files-only'],
  ],
  ['it was prepared before', 'prepare', answer('exists'), 'failed', /exists/, ['prepare']],
  ['no space', 'prepare', answer('error', 'cp: No space left on device'), 'failed', /No space/, ['prepare']],
  [
    'the script fails',
    'prepare',
    { code: 2, stderr: 'sh: oh' },
    'failed',
    /status 2: sh: oh/,
    ['prepare', 'revert files-only'],
  ],
  ['nonsense', 'prepare', 'hello\n', 'failed', /status 0/, ['prepare', 'revert files-only']],
  ['the connection goes', 'prepare', { error: lost }, 'failed', /broke/, ['prepare', 'revert files-only']],
  [
    'a file changed late',
    'write',
    answer('changed', '/etc/x'),
    'refused',
    /\/etc\/x/,
    ['prepare', 'arm', 'write', 'revert files-only'],
  ],
  [
    'writing fails',
    'write',
    answer('put-back', 'I/O error'),
    'failed',
    /the old files were restored/,
    ['prepare', 'arm', 'write', 'revert files-only'],
  ],
  ['writing breaks', 'write', broken, 'reverted', /I\/O error/, ['prepare', 'arm', 'write', 'revert restart']],
])('does not go on: %s', async (_, verb, given, outcome, reason, verbs) => {
  const node = new FakeNode();
  node.answers[verb] = given;
  const result = await apply(node);
  expect(result).toMatchObject({ outcome, reason: expect.stringMatching(reason) as string });
  expect(node.verbs).toEqual(verbs);
});

it('is unknown where what was prepared cannot be taken away again', async () => {
  const node = new FakeNode();
  node.answers['prepare'] = { error: lost };
  node.answers['revert'] = { error: lost };
  expect(await apply(node)).toMatchObject({
    outcome: 'unknown',
    reason: expect.stringMatching(/could not be removed/) as string,
    hint: expect.stringMatching(/^kubelatch resume /) as string,
  });
  expect(node.verbs).toEqual(['prepare', 'revert files-only', 'revert files-only']);
});

it('asks the node how far it came where the connection goes while writing', async () => {
  const node = new FakeNode();
  node.answers['write'] = { error: lost };
  expect(await apply(node)).toMatchObject({ outcome: 'reverted', reason: 'the connection broke' });
  expect(node.verbs).toEqual(['prepare', 'arm', 'write', 'revert restart']);
  const other = new FakeNode();
  other.answers = { write: { error: lost }, revert: answer('nothing') };
  expect(await apply(other)).toMatchObject({ outcome: 'failed', reason: 'the connection broke' });
});

it('puts back what fails the gate, and proves it', async () => {
  const node = new FakeNode();
  node.doors['10250'] = 'status 200';
  const outcome = await apply(node);
  expect(outcome).toMatchObject({
    outcome: 'reverted',
    reason: 'anonymous-10250: expected 401 without credentials, saw 200',
  });
  expect(node.verbs).toEqual(['prepare', 'arm', 'write', 'restart', 'revert restart']);
});

it('tells of a kubelet that dies at once, with its last words', async () => {
  const node = new FakeNode();
  const log = 'I0101 fine\nE0101 12:00 failed to run: bad CA\u001b[31m';
  node.watch = () =>
    watched({
      ...node.kubelet,
      ...(node.kubelet.pid === 11 ? { sub: 'auto-restart', active: 'activating', log } : {}),
    });
  const outcome = await apply(node);
  expect(outcome).toMatchObject({ outcome: 'reverted', log: ['E0101 12:00 failed to run: bad CA'] });
  expect(outcome.timings['gate']).toBeLessThan(1000);
});

it.each<[string, RunAnswer, RegExp]>([
  ['a conflict', answer('conflict', '/etc/x'), /not reverted: \/etc\/x was edited after the change/],
  ['a broken revert', broken, /reverting failed: broken I\/O error/],
  ['a restart that fails', answer('restart-failed', 'no'), /reverting failed: restart-failed no/],
  ['a lost connection', { error: lost }, /reverts on its own 90 s after .*: the connection broke/],
])('is unknown after %s', async (_, given, reason) => {
  const node = new FakeNode();
  node.doors['10250'] = 'status 200';
  node.answers['revert'] = given;
  expect(await apply(node)).toMatchObject({ outcome: 'unknown', reason: expect.stringMatching(reason) as string });
});

it('is unknown where the old kubelet is not healthy either', async () => {
  const node = new FakeNode();
  node.doors['10248'] = 'refused';
  const reason = expect.stringMatching(/the old files were restored, but the node is not healthy: healthz/) as string;
  expect(await apply(node)).toMatchObject({ outcome: 'unknown', reason });
});

it('is never confirmed where the node does not say so', async () => {
  for (const given of [answer('state', 'reverting'), answer('none'), { error: lost }, 'x']) {
    const node = new FakeNode();
    node.answers['confirm'] = given;
    expect(await apply(node)).toMatchObject({
      outcome: 'reverted',
      reason: expect.stringMatching(/confirm/) as string,
    });
    expect(node.verbs.at(-1)).toBe('revert restart');
  }
});

it('asks again where the answer to the confirmation is lost', async () => {
  const node = new FakeNode();
  let asked = 0;
  node.answers['confirm'] = () => (asked++ === 0 ? { error: lost } : answer('confirmed', 'already'));
  expect((await apply(node)).outcome).toBe('confirmed');
});

it('is unknown where it is left before the answer to the confirmation', async () => {
  const node = new FakeNode();
  node.answers['confirm'] = { error: { ...lost, kind: 'aborted' } };
  expect(await apply(node)).toMatchObject({ outcome: 'unknown', hint: 'kubelatch resume r1' });
});

it('changes nothing where nobody can log in a second time', async () => {
  const node = new FakeNode();
  let left = 1;
  node.connect = () => (left-- > 0 ? ok(undefined) : fail(lost));
  const reason = expect.stringContaining('a second connection could not be opened') as string;
  expect(await apply(node)).toMatchObject({ outcome: 'failed', reason });
  expect(node.verbs).toEqual(['prepare', 'revert files-only']);
});

it('puts back over its last connection where nobody can log in any more', async () => {
  const node = new FakeNode();
  let left = 2;
  node.connect = () => (left-- > 0 ? ok(undefined) : fail(lost));
  const reason = expect.stringContaining('confirming failed') as string;
  expect(await apply(node)).toMatchObject({ outcome: 'reverted', reason });
});

it('says whose word it waits for no longer: the switch is put off as long as the gate takes', async () => {
  const node = new FakeNode();
  let beats = 0;
  node.answers['beat'] = () => {
    beats += 1;
    return answer('beating', '90');
  };
  node.doors['10250'] = 'unknown';
  const outcome = await apply(node);
  expect(outcome.outcome).toBe('reverted');
  // A gate of 90 s, a word each 20 s.
  expect(beats).toBeGreaterThanOrEqual(4);
});

it('sends its word over another connection where its own is lost', async () => {
  const node = new FakeNode();
  let beats = 0;
  node.answers['beat'] = () => (beats++ === 0 ? { error: lost } : answer('beating', '90'));
  node.doors['10250'] = 'unknown';
  await apply(node);
  expect(beats).toBeGreaterThanOrEqual(4);
});

it('goes on over a new connection where the gate loses its own', async () => {
  const node = new FakeNode();
  let cut = 0;
  node.watch = () => (node.kubelet.pid === 11 && cut++ === 2 ? { error: lost } : watched(node.kubelet));
  expect((await apply(node)).outcome).toBe('confirmed');
  expect(node.sessions).toHaveLength(4);
});

it('needs no gate where nothing is restarted', async () => {
  const node = new FakeNode();
  const outcome = await applyToHost(plan({ restart: false }), about, node.task(), context());
  expect([outcome.outcome, node.verbs]).toEqual(['confirmed', ['prepare', 'arm', 'write', 'confirm']]);
});

it('changes nothing without a journal, and takes away what it prepared', async () => {
  for (const [step, verbs] of [
    ['prepare', ['revert files-only']],
    ['arm', ['prepare', 'revert files-only']],
    ['write', ['prepare', 'arm', 'revert restart']],
  ] as const) {
    const node = new FakeNode();
    node.answers['revert'] = answer('nothing');
    const run = context();
    run.journal.fails = (entry) => entry.entry === 'step' && entry.step === step;
    const outcome = await applyToHost(plan(), about, node.task(), run);
    node.verify();
    expect(outcome).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('ENOSPC') as string });
    expect(node.verbs).toEqual(verbs);
  }
});

it('puts back where the journal fails later', async () => {
  for (const step of ['restart', 'gate', 'confirm']) {
    const node = new FakeNode();
    const run = context();
    let full = false;
    run.journal.fails = (entry) => (full ||= entry.entry === 'step' && entry.step === step);
    const outcome = await applyToHost(plan(), about, node.task(), run);
    node.verify();
    expect(outcome).toMatchObject({ outcome: 'reverted', reason: expect.stringContaining('ENOSPC') as string });
    expect(node.verbs.at(-1)).toBe('revert restart');
  }
});

it('cordons and uncordons around the change, but no cordon of others', async () => {
  const run = async (unschedulable: boolean, prepare: (node: FakeNode) => void): Promise<[string, boolean[]]> => {
    const cordons: boolean[] = [];
    const cordon = (_: string, on: boolean) => {
      cordons.push(on);
      return Promise.resolve(ok(undefined));
    };
    const node = new FakeNode();
    prepare(node);
    const cluster = fakeCluster(() => [nodeStatus('n1', { unschedulable })], { cordon });
    return [(await apply(node, { cluster, cordonMode: 'cordon' })).outcome, cordons];
  };
  const good = (): void => undefined;
  expect(await run(false, good)).toEqual(['confirmed', [true, false]]);
  expect(await run(true, good)).toEqual(['confirmed', []]);
  expect(await run(false, (node) => (node.doors['10250'] = 'status 200'))).toEqual(['reverted', [true, false]]);
  // A node that is not known to be healthy takes no pods.
  expect(await run(false, (node) => (node.doors['10248'] = 'refused'))).toEqual(['unknown', [true]]);
});

it('is unknown where its own cordon cannot be lifted, however well the change went', async () => {
  const gone = { kind: 'unreachable' as const, message: 'no answer' };
  const cordon = (_: string, on: boolean) => Promise.resolve(on ? ok(undefined) : fail(gone));
  const cluster = fakeCluster(() => [nodeStatus('n1')], { cordon });
  const outcome = await apply(new FakeNode(), { cluster, cordonMode: 'cordon' });
  expect(outcome).toMatchObject({
    outcome: 'unknown',
    reason: 'confirmed; the node could not be uncordoned: no answer',
    hint: 'kubectl uncordon n1',
  });
});

it('tells of its own cordon that it leaves on a node that is not healthy', async () => {
  const node = new FakeNode();
  node.doors['10248'] = 'refused';
  const lifted: boolean[] = [];
  const cordon = (_: string, on: boolean) => {
    if (!on) lifted.push(on);
    return Promise.resolve(ok(undefined));
  };
  const cluster = fakeCluster(() => [nodeStatus('n1')], { cordon });
  const outcome = await apply(node, { cluster, cordonMode: 'cordon' });
  expect([outcome.outcome, lifted]).toEqual(['unknown', []]);
  expect(outcome.reason).toMatch(/; the node stays cordoned; once it is healthy: kubectl uncordon n1$/);
});

it.each(['cordon', 'drain'] as const)(
  'is unknown where it changed nothing but may have left a cordon: %s',
  async (how) => {
    const gone = { kind: 'unreachable' as const, message: 'no answer' };
    const tried = async (unschedulable: boolean): Promise<Outcome> => {
      let asked = false;
      const cluster = fakeCluster(() => [nodeStatus('n1', { unschedulable: asked && unschedulable })], {
        cordon(_, on) {
          asked = true;
          return Promise.resolve(how === 'drain' && on ? ok(undefined) : fail(gone));
        },
      });
      return apply(new FakeNode(), { cluster, cordonMode: how });
    };
    expect(await tried(true)).toMatchObject({
      outcome: 'unknown',
      reason: expect.stringMatching(/^failed; .*; the node could not be uncordoned: no answer$/) as string,
      hint: 'kubectl uncordon n1',
    });
    // Who may not cordon at all has left nothing.
    if (how === 'cordon') expect(await tried(false)).toMatchObject({ outcome: 'failed', reason: 'no answer' });
  },
);

it('changes nothing where the pods do not leave', async () => {
  const node = new FakeNode();
  expect(await apply(node, { cordonMode: 'drain' })).toMatchObject({ outcome: 'failed' });
  expect(node.verbs).toEqual(['prepare', 'revert files-only']);
});

it('lets a shutdown end the drain', async () => {
  const { signal } = new AbortController();
  const seen: unknown[] = [];
  const drain: Cluster['drain'] = (node, options) => {
    seen.push([node, options]);
    return Promise.resolve(ok(undefined));
  };
  const cluster = fakeCluster(() => [nodeStatus('n1')], { drain });
  const outcome = await apply(new FakeNode(), { cluster, cordonMode: 'drain', shutdown: signal });
  expect([outcome.outcome, seen]).toEqual(['confirmed', [['n1', { deadline: 600_000, signal }]]]);
});

it('changes nothing where a file that the restart would read is no longer as it was planned', async () => {
  const sources = [{ path: '/etc/default/kubelet', sha256: 'a'.repeat(64) }];
  const node = new FakeNode();
  node.sums = ['b'.repeat(64)];
  const outcome = await applyToHost({ ...plan(), sources }, about, node.task(), context());
  node.verify();
  expect(outcome).toMatchObject({ outcome: 'refused', reason: '/etc/default/kubelet changed since the plan was made' });
  expect(node.verbs).toEqual(['prepare', 'revert files-only']);
  const same = new FakeNode();
  same.sums = ['a'.repeat(64)];
  expect(await applyToHost({ ...plan(), sources }, about, same.task(), context())).toMatchObject({
    outcome: 'confirmed',
  });
  const silent = new FakeNode();
  silent.sums = [];
  expect(await applyToHost({ ...plan(), sources }, about, silent.task(), context())).toMatchObject({
    outcome: 'failed',
  });
});

it('reverts a node that stays NotReady after the grace, as after every other failure of the gate', async () => {
  const node = new FakeNode();
  const start = monotonic();
  const isReverted = (): boolean => node.verbs.includes('revert restart');
  const cluster = fakeCluster(() => [
    nodeStatus('n1', isReverted() ? {} : { ready: 'False', reason: 'CNI plugin not initialized' }),
  ]);
  let reverted = 0;
  node.answers['revert'] = () => {
    reverted = monotonic() - start;
    return answer('reverted');
  };
  const timing = { gate: 120_000, settle: 3000, notReadyGrace: 30_000 };
  const outcome = await apply(node, { cluster, timing });
  expect(outcome).toMatchObject({
    outcome: 'reverted',
    reason:
      'ready: expected Ready for 3 s, saw Ready=False: CNI plugin not initialized, and no better for 30s (--not-ready-grace)',
    hint: 'the old files were restored; fix the cause, then apply again',
  });
  // And the poll that saw the first good health.
  expect(reverted).toBe(30_500);
  expect(node.verbs).toEqual(['prepare', 'arm', 'write', 'restart', 'revert restart']);
});
