/** csr watch: approves requests that pass every check as they come, for a bounded time. */
import pLimit from 'p-limit';
import type { Cluster } from '../cluster/cluster.js';
import { listAll } from '../cluster/list.js';
import { readRequest, requestsPath, servingSigner, stateOf } from '../csr/serving-request.js';
import { monotonic, sleep } from '../lib/clock.js';
import { ToolError } from '../lib/errors.js';
import type { JudgedRequest } from '../report/csr-model.js';
import type { Run } from './context.js';
import { approveOne } from './csr-approval.js';
import { type Readings, isShown, readBoard, withApi } from './csr.js';

/** Milliseconds between two lists of the requests, and until requests that did not pass are judged again. */
const pollInterval = 2000;
const judgeInterval = 10_000;

/** Approves requests that pass as they come, for `duration` milliseconds or until the run is stopped. `tell` gets each change. */
export const watchRequests = (
  run: Run,
  duration: number,
  tell: (row: JudgedRequest) => void,
): Promise<readonly JudgedRequest[]> =>
  withApi(run, async (cluster) => {
    const readings: Readings = new Map();
    const told = new Map<string, JudgedRequest>();
    const end = monotonic() + duration;
    const limit = pLimit(run.forks);
    const note = (uid: string, row: JudgedRequest): void => {
      const before = told.get(uid);
      told.set(uid, row);
      if (before === undefined || wordsOf(before) !== wordsOf(row)) tell(row);
    };
    const judgeAll = async (): Promise<void> => {
      const board = await readBoard(run, cluster, readings).catch(unlessTransient);
      const pending = board?.requests.filter((one) => stateOf(one) === 'pending') ?? [];
      await Promise.all(
        pending.map((request) =>
          limit(async () => {
            const row = board?.row(request);
            if (board === undefined || row === undefined || !isShown(run, row) || row.verdict === 'older') return;
            const isReady = row.verdict === 'valid' && !run.shutdown.aborted;
            note(request.uid, isReady ? await approveOne(run, board, request, row) : row);
          }),
        ),
      );
    };
    let last = { pending: '', at: -Infinity };
    while (!run.shutdown.aborted && monotonic() < end) {
      const pending = await pendingNow(cluster);
      const isNew = pending !== last.pending || monotonic() - last.at > judgeInterval;
      if (pending !== '' && isNew) {
        await judgeAll();
        last = { pending, at: monotonic() };
      }
      await sleep(Math.max(0, Math.min(pollInterval, end - monotonic())), run.shutdown);
    }
    return [...told.values()];
  });

/** The serving requests that are pending; empty if there are none, or the API server does not answer. */
async function pendingNow({ api }: Cluster): Promise<string> {
  const listed = await listAll(api, requestsPath);
  const all = listed.ok ? listed.value.map(readRequest) : [];
  const pending = all.filter((one) => one.signerName === servingSigner && stateOf(one) === 'pending');
  return pending.map(({ uid }) => uid).join();
}

const wordsOf = ({ verdict, outcome, reasons }: JudgedRequest): string => JSON.stringify([verdict, outcome, reasons]);

/** An API server that restarts during a rollout is asked again at the next look. */
function unlessTransient(error: unknown): undefined {
  if (error instanceof ToolError && error.code === 'cluster') return undefined;
  throw error;
}
