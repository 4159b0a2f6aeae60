import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/run/outcome.js';
import type { LockRequest, LeaseHolder, LeaseRefusal } from '../../src/cluster/run-lease.js';
import { ToolError } from '../../src/lib/errors.js';
import { fail, ok } from '../../src/lib/result.js';
import { withRunLock } from '../../src/run/lock.js';
import { withLockOf } from '../../src/run/open.js';

const who = { operator: 'me@here', run: 'r2' };
const alice: LeaseHolder = {
  identity: 'alice@ops1 20261123T050102Z-3fa4c1/00',
  operator: 'alice@ops1',
  run: '20261123T050102Z-3fa4c1',
  age: 184_000,
  duration: 20_000,
};

function runOf(refusal: LeaseRefusal | undefined) {
  const events: RunEvent[] = [];
  const notes: string[] = [];
  const problem = (): undefined => undefined;
  const cluster = {
    lock: (claim: LockRequest) => {
      claim.onWait(alice);
      notes.push(`${claim.operator} ${claim.run}`);
      const release = (): Promise<void> => Promise.resolve(void notes.push('released'));
      return Promise.resolve(
        refusal === undefined ? ok({ identity: 'me@here r2/00', problem, release }) : fail(refusal),
      );
    },
  };
  const run = { shutdown: new AbortController().signal, report: (event: RunEvent) => void events.push(event) };
  return { run, cluster, notes, events };
}

/** Message and hint of what was thrown; the work must not have begun. */
async function refused(refusal: LeaseRefusal): Promise<ToolError> {
  const { run, cluster } = runOf(refusal);
  const thrown: unknown = await withRunLock(run, cluster, who, () => Promise.resolve('began')).catch(
    (error: unknown) => error,
  );
  if (!(thrown instanceof ToolError)) return expect.fail(`it was not refused: ${String(thrown)}`);
  expect(thrown.message).not.toContain('\n');
  expect(thrown.hint).toMatch(/^nothing was changed/);
  return thrown;
}

it('holds the lock as long as the work goes on, and gives it back whatever comes of it', async () => {
  const { run, cluster, notes, events } = runOf(undefined);
  expect(await withRunLock(run, cluster, who, (lease) => Promise.resolve(lease !== undefined))).toBe(true);
  expect(notes).toEqual(['me@here r2', 'released']);
  const reason =
    'alice@ops1 (run 20261123T050102Z-3fa4c1) holds the run lock of this cluster; watching for 20 s whether it is alive';
  expect(events).toEqual([{ event: 'waiting', reason }]);
  await expect(withRunLock(run, cluster, who, () => Promise.reject(new Error('x')))).rejects.toThrow('x');
  expect(notes).toEqual(['me@here r2', 'released', 'me@here r2', 'released']);
  expect(await withRunLock(run, undefined, who, (lease) => Promise.resolve(lease))).toBeUndefined();
});

it('tells who holds it, since when, and how to break it with care', async () => {
  const error = await refused({ kind: 'held', by: alice, renewed: true });
  expect(error.code).toBe('cluster');
  expect(error.message).toBe(
    'alice@ops1 (run 20261123T050102Z-3fa4c1) holds the run lock of this cluster: taken 3 min ago, still renewed',
  );
  expect(error.hint).toBe(
    'nothing was changed; wait for that run; if it died, run on ops1: kubelatch resume 20261123T050102Z-3fa4c1; ' +
      "a dead run's lock expires 20 s after its last renewal; " +
      'only if that run is certainly over: kubectl -n kube-system delete lease kubelatch',
  );
});

it('offers no command with words that kubelatch did not write', async () => {
  const by = { identity: 'x; rm -rf /', operator: undefined, run: undefined, age: undefined, duration: 36_000_000 };
  const error = await refused({ kind: 'held', by, renewed: false });
  expect(error.message).toBe('x; rm -rf / holds the run lock of this cluster: valid for 10 h after each renewal');
  expect(error.hint).not.toContain('resume');
});

it('says which rights are missing', async () => {
  const message = 'HTTP 403: leases.coordination.k8s.io "kubelatch" is forbidden';
  const error = await refused({ kind: 'unusable', error: { kind: 'refused', status: 403, message } });
  expect([error.code, error.message]).toEqual(['cluster', `the run lock of this cluster cannot be taken: ${message}`]);
  expect(error.hint).toMatch(/get, create and update on leases\.coordination\.k8s\.io in kube-system.*--no-cluster/);
});

it('ends as interrupted when somebody would not wait', async () => {
  expect((await refused({ kind: 'interrupted' })).code).toBe('interrupted');
});

describe('a change of the cluster alone', () => {
  it('is told by its verb, and not offered for a resume', async () => {
    const by = { ...alice, identity: 'alice@ops1 netpol/00', run: 'netpol' };
    const error = await refused({ kind: 'held', by, renewed: true });
    expect(error.message).toBe(
      'alice@ops1 (netpol) holds the run lock of this cluster: taken 3 min ago, still renewed',
    );
    expect(error.hint).not.toContain('resume');
  });

  it('is not told to go on without the API server', async () => {
    const message = 'HTTP 403: leases.coordination.k8s.io "kubelatch" is forbidden';
    const { run, cluster } = runOf({ kind: 'unusable', error: { kind: 'refused', status: 403, message } });
    const thrown: unknown = await withLockOf(run, cluster, 'persist', () => Promise.resolve()).catch(
      (error: unknown) => error,
    );
    expect((thrown as ToolError).hint).toBe(
      'nothing was changed; allow get, create and update on leases.coordination.k8s.io in kube-system',
    );
  });
});
