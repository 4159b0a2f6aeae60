import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type LeaseHolder, type LeaseRefusal, type RunLease, acquireRunLease } from '../../src/cluster/run-lease.js';
import type { Result } from '../../src/lib/result.js';
import { LeaseServer, type Machine, begin, machine, on, pass, time } from './lease-world.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('./lease-world.js')).clock,
}));

type Ended = Result<RunLease, LeaseRefusal>;
let server: LeaseServer;
beforeEach(() => {
  begin();
  server = new LeaseServer();
});

interface Try {
  ended: Ended | undefined;
  /** When it ended. */
  at: number;
  readonly watched: LeaseHolder[];
  readonly stop: AbortController;
}

function attempt(who: Machine, run = `run-${who.name}`, dead?: string): Try {
  const made: Try = { ended: undefined, at: 0, watched: [], stop: new AbortController() };
  const claim = { operator: `op@${who.name}`, run, deadHolder: dead, signal: made.stop.signal };
  void on(who, () => acquireRunLease(server.gateway(), { ...claim, onWait: (by) => made.watched.push(by) })).then(
    (ended) => {
      [made.ended, made.at] = [ended, time()];
    },
  );
  return made;
}

async function hold(who: Machine, run?: string): Promise<RunLease> {
  const made = attempt(who, run);
  await pass(1000);
  if (made.ended?.ok !== true) throw new Error(`${who.name} does not hold it: ${JSON.stringify(made.ended)}`);
  return made.ended.value;
}

const [a, b, c] = ['a', 'b', 'c'].map((name) => machine(name)) as [Machine, Machine, Machine];
const holderNow = (): unknown => server.lease?.spec['holderIdentity'];
const giveBack = (where: Machine, lease: RunLease): Promise<void> => on(where, () => lease.release());
const doubtOf = (where: Machine, lease: RunLease): ReturnType<RunLease['problem']> => on(where, () => lease.problem());

describe('holding', () => {
  it('is one object that names run and operator, renewed by one request each time', async () => {
    await hold(a);
    expect(holderNow()).toMatch(/^op@a run-a\/[0-9a-f]{8}$/);
    expect(server.lease?.spec).toMatchObject({ leaseDurationSeconds: 20, leaseTransitions: 0 });
    const before = server.seen.length;
    const times = new Set<unknown>();
    const versions = new Set<unknown>();
    await pass(60_000, () => {
      times.add(server.lease?.spec['renewTime']);
      versions.add(server.lease?.metadata['resourceVersion']);
    });
    const asked = server.seen.slice(before);
    expect(new Set(asked)).toEqual(new Set(['PUT']));
    expect(asked.length).toBeGreaterThanOrEqual(12);
    expect(asked.length).toBeLessThanOrEqual(16);
    // Each renewal is seen by those who watch: a write that changes nothing would not be.
    expect(versions.size).toBe(asked.length + 1);
    expect([...times].slice(1)).toEqual([...times].slice(1).sort());
    expect([...times].at(-1)).toMatch(/T12:01:\d\d\.\d{6}Z$/);
  });

  it('ends with the holder cleared, nothing is sent after, and the next one has it at once', async () => {
    const lease = await hold(a);
    server.write({ ...server.lease?.spec }, { labels: { team: 'x' } });
    await pass(9000);
    const released = giveBack(a, lease);
    await pass(100);
    await released;
    expect(server.lease?.spec).not.toHaveProperty('holderIdentity');
    expect(server.lease?.metadata).toMatchObject({ labels: { team: 'x' } });
    expect(doubtOf(a, lease)?.final).toBe(true);
    const sent = server.seen.length;
    await pass(60_000);
    expect(server.seen.length).toBe(sent);
    await hold(b);
    expect(server.lease?.spec).toMatchObject({ leaseTransitions: 1 });
  });

  it('goes on where the answer to a renewal was lost', async () => {
    const lease = await hold(a);
    let broken = true;
    server.weather = () => ({ there: 5, back: 5, lost: broken ? 'answer' : undefined });
    await pass(4000);
    broken = false;
    await pass(20_000);
    expect(doubtOf(a, lease)).toBeUndefined();
    expect(holderNow()).toContain('run-a/');
  });

  it('is in doubt while the API server is gone for longer, and sure again when it is back and nobody was there', async () => {
    const lease = await hold(a);
    server.weather = () => ({ there: 5, back: 5, lost: 'request' });
    await pass(12_000);
    expect(doubtOf(a, lease)).toBeUndefined();
    await pass(5000);
    expect(doubtOf(a, lease)).toMatchObject({
      final: false,
      reason: expect.stringContaining('no answer in time') as string,
    });
    await pass(60_000);
    expect(doubtOf(a, lease)?.final).toBe(false);
    server.weather = () => ({ there: 5, back: 5 });
    await pass(6000);
    expect(doubtOf(a, lease)).toBeUndefined();
  });

  it('counts from when a renewal was sent: its answer may wait in a machine that slept', async () => {
    const sleeper = machine('sleeper', { stalls: [{ from: 4022, to: 30_000, asleep: true }] });
    const lease = await hold(sleeper);
    expect(server.seen).toHaveLength(2);
    let doubt: ReturnType<RunLease['problem']>;
    await pass(29_010, () => (doubt = doubtOf(sleeper, lease)));
    expect(server.seen).toHaveLength(3);
    expect(doubt).toMatchObject({ final: false });
    await pass(6000);
    expect(doubtOf(sleeper, lease)).toBeUndefined();
  });

  it('is lost for good when somebody takes, frees or deletes it', async () => {
    const ways: readonly (readonly [RegExp, () => void])[] = [
      [
        /taken over by somebody \(with kubectl\)$/,
        () => server.write({ holderIdentity: 'somebody \u001b[2J(with\nkubectl)' }),
      ],
      [/someone released the run lock/, () => server.write({})],
      [/someone deleted the run lock/, () => (server.lease = undefined)],
    ];
    for (const [said, happens] of ways) {
      server.lease = undefined;
      const lease = await hold(a);
      happens();
      const left = JSON.stringify(server.lease);
      await pass(6000);
      expect(doubtOf(a, lease)).toMatchObject({ final: true, reason: expect.stringMatching(said) as string });
      const released = giveBack(a, lease);
      await pass(10_000);
      await released;
      // What is not ours any more is left alone, and a Lease that was deleted does not come back.
      expect(JSON.stringify(server.lease)).toBe(left);
    }
  });
});

describe('a second operator', () => {
  it('is told within seconds who holds it and since when, whatever the clocks of all of them say', async () => {
    server.skew = 3_600_000;
    const early = machine('early', { skew: -600_000 });
    await hold(early);
    await pass(300_000);
    const late = attempt(machine('late', { skew: 600_000 }));
    await pass(7000);
    expect(late.ended).toMatchObject({
      ok: false,
      error: { kind: 'held', renewed: true, by: { operator: 'op@early', run: 'run-early', duration: 20_000 } },
    });
    const { age } = late.ended?.ok === false && late.ended.error.kind === 'held' ? late.ended.error.by : { age: -1 };
    expect(Math.abs((age ?? 0) - 304_000)).toBeLessThan(5000);
    expect(holderNow()).toContain('run-early/');
  });

  it('that was slower by a moment is told so, with the little that it saw', async () => {
    const [one, two] = [attempt(a), attempt(b)];
    await pass(1000);
    expect(one.ended?.ok).toBe(true);
    expect(two.ended).toMatchObject({
      ok: false,
      error: { kind: 'held', renewed: true, by: { run: 'run-a', age: 20 } },
    });
  });

  it('takes it from a dead holder, but not before it watched for the whole duration', async () => {
    const dies = machine('dies');
    await hold(dies);
    await pass(30_000);
    dies.dead = true;
    const began = time();
    const [one, two] = [attempt(b), attempt(c)];
    await pass(19_900);
    expect([one.ended, two.ended]).toEqual([undefined, undefined]);
    expect(one.watched).toMatchObject([{ run: 'run-dies' }]);
    await pass(8000);
    expect([one, two].filter(({ ended }) => ended?.ok)).toHaveLength(1);
    expect(Math.min(one.at, two.at) - began).toBeGreaterThanOrEqual(20_000);
    const refused = one.ended?.ok === true ? two : one;
    expect(refused.ended).toMatchObject({ ok: false, error: { kind: 'held', renewed: true } });
    expect(server.lease?.spec).toMatchObject({ leaseTransitions: 1 });
  });

  it('takes times ten minutes off in a Lease for nothing: only what changes counts', async () => {
    for (const offset of [-600_000, 600_000]) {
      const at = (): string => new Date(Date.parse('2026-11-23T12:00:00Z') + time() + offset).toISOString();
      const spec = { holderIdentity: 'op@x run-x/00', leaseDurationSeconds: 15, acquireTime: at() };
      server.write({ ...spec, renewTime: at() });
      const alive = attempt(b);
      await pass(5000);
      server.write({ ...spec, renewTime: at() });
      await pass(2000);
      const by = { operator: 'op@x', age: offset < 0 ? (expect.any(Number) as number) : undefined };
      expect(alive.ended).toMatchObject({ ok: false, error: { kind: 'held', by } });
      const dead = attempt(b);
      await pass(14_900);
      expect(dead.ended).toBeUndefined();
      await pass(2000);
      expect(dead.ended?.ok).toBe(true);
      if (dead.ended?.ok === true) void giveBack(b, dead.ended.value);
      await pass(1000);
    }
  });

  it('has it at once when it is freed or deleted while watched', async () => {
    for (const freed of [true, false]) {
      server.write({ holderIdentity: 'x', leaseDurationSeconds: 20 });
      const made = attempt(b);
      await pass(5000);
      if (freed) server.write({ holderIdentity: '' });
      else server.lease = undefined;
      await pass(1500);
      expect(made.ended?.ok).toBe(true);
      if (made.ended?.ok === true) void giveBack(b, made.ended.value);
      await pass(1000);
    }
  });

  it('does not take its own dead controller for itself when it resumes a run', async () => {
    const dies = machine('dies');
    await hold(dies, 'r1');
    dies.dead = true;
    const resumed = attempt(machine('dies'), 'r1');
    await pass(15_000);
    expect(resumed.ended).toBeUndefined();
    await pass(8000);
    expect(resumed.ended?.ok).toBe(true);
  });

  it('takes it at once from a holder whose process is known to be gone, and from no other', async () => {
    const dies = machine('dies');
    const { identity } = await hold(dies, 'r1');
    dies.dead = true;
    const other = attempt(b, 'r1', `${identity.slice(0, -1)}x`);
    await pass(1000);
    expect(other.ended).toBeUndefined();
    other.stop.abort();
    const sure = attempt(c, 'r1', identity);
    await pass(1000);
    expect(sure.ended?.ok).toBe(true);
    expect(sure.watched).toEqual([]);
  });

  it('does not wait for a Lease that claims to last for hours, and can be interrupted', async () => {
    server.write({ holderIdentity: 'x', leaseDurationSeconds: 36_000 });
    const long = attempt(b);
    await pass(100);
    expect(long.ended).toMatchObject({ ok: false, error: { kind: 'invalid' } });
    server.write({ holderIdentity: 'x', leaseDurationSeconds: 1200 });
    const minutes = attempt(b);
    await pass(100);
    expect(minutes.ended).toMatchObject({ ok: false, error: { kind: 'held', renewed: false } });
    server.write({ holderIdentity: 'x', leaseDurationSeconds: 20 });
    const made = attempt(b);
    await pass(3500);
    made.stop.abort();
    await pass(0);
    expect(made.ended).toEqual({ ok: false, error: { kind: 'interrupted' } });
    expect(holderNow()).toBe('x');
  });

  it('reads what others wrote with care', async () => {
    const spec = {
      holderIdentity: `\u001b]0;t\u0007${'e'.repeat(5000)}\n`,
      acquireTime: {},
    };
    server.write({ ...spec, leaseTransitions: 'many' });
    const made = attempt(b);
    await pass(100);
    expect(made.watched).toMatchObject([{ operator: undefined, run: undefined, age: undefined, duration: 20_000 }]);
    expect(made.watched[0]?.identity).toMatch(/^e{100,159}…$/);
    await pass(25_000);
    expect(made.ended?.ok).toBe(true);
    expect(server.lease?.spec).toMatchObject({ leaseTransitions: 1, leaseDurationSeconds: 20 });
  });
});

describe('fails closed', () => {
  it('where it may not be read, created or updated', async () => {
    for (const verb of ['GET', 'POST', 'PUT']) {
      server.lease = undefined;
      if (verb === 'PUT') server.write({});
      server.refuse = ({ method }) => (method === verb ? 403 : undefined);
      const made = attempt(a);
      await pass(1000);
      expect(made.ended, verb).toMatchObject({ ok: false, error: { kind: 'unusable', error: { status: 403 } } });
    }
  });

  it('where the answer is no Lease', async () => {
    for (const metadata of [{ uid: '', resourceVersion: '1' }, { uid: 'u' }]) {
      server.lease = { metadata, spec: {} };
      const made = attempt(a);
      await pass(1000);
      expect(made.ended).toMatchObject({ ok: false, error: { kind: 'unusable', error: { kind: 'malformed' } } });
    }
  });

  it('where it was not heard whether it was taken; what was is given back', async () => {
    let requests = 0;
    server.weather = () => ({ there: 5, back: 5, lost: ++requests === 2 ? 'answer' : undefined });
    const made = attempt(a);
    await pass(4200);
    expect(made.ended).toMatchObject({ ok: false, error: { kind: 'unusable', error: { kind: 'unreachable' } } });
    expect(server.seen).toEqual(['GET', 'POST', 'GET', 'PUT']);
    expect(holderNow()).toBeUndefined();
  });
});

describe('a Lease that no run writes', () => {
  it.each([
    [{ leaseDurationSeconds: 86_400 }, 'leaseDurationSeconds is 86400'],
    [{ leaseDurationSeconds: -1 }, 'leaseDurationSeconds is -1'],
    [{ leaseDurationSeconds: 'NaN' }, 'leaseDurationSeconds is "NaN"'],
    [
      { leaseDurationSeconds: 20, renewTime: '9999-01-01T00:00:00.000000Z' },
      'renewTime is "9999-01-01T00:00:00.000000Z"',
    ],
  ])('%j is told at once, not watched and not taken', async (spec, what) => {
    server.write({ holderIdentity: 'somebody', ...spec });
    const made = attempt(a);
    await pass(1000);
    expect(made.ended).toMatchObject({ ok: false, error: { kind: 'invalid', what, by: { identity: 'somebody' } } });
    expect(holderNow()).toBe('somebody');
  });
});
