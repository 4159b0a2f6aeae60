/** csr: judges requests for serving certificates, and approves those that pass. Changes no node. */
import pLimit from 'p-limit';
import type { Cluster } from '../cluster/cluster.js';
import { listAll } from '../cluster/list.js';
import type { HostReading, Judgement } from '../csr/judgement.js';
import { type KnownCluster, readKnownCluster } from '../csr/known-cluster.js';
import { newestPending } from '../csr/newest.js';
import {
  type ServingRequest,
  nodeOfUser,
  readRequest,
  requestsPath,
  servingSigner,
  stateOf,
} from '../csr/serving-request.js';
import { hostOfNode, validate } from '../csr/validate.js';
import type { Host } from '../inventory/host.js';
import { monotonic } from '../lib/clock.js';
import { ToolError } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import type { JudgedRequest } from '../report/csr-model.js';
import { approveOne } from './csr-approval.js';
import { type Run, isSelected } from './context.js';
import { survey } from './survey.js';
import { withCluster } from './with-cluster.js';
import { nextCommand } from '../lib/next-command.js';

/** What the cluster and the hosts say of all requests at one moment. */
export interface RequestBoard {
  readonly cluster: Cluster;
  readonly known: KnownCluster;
  /** Requests to the signer of serving certificates, oldest first. */
  readonly requests: readonly ServingRequest[];
  readonly judge: (request: ServingRequest) => Judgement;
  readonly row: (request: ServingRequest) => JudgedRequest;
  readonly hostOf: (request: ServingRequest) => Host | undefined;
}

/** What was read on hosts, by uid of the request that it was read for; it is read again where that failed a while ago. */
export type Readings = Map<string, { readonly at: number; readonly reading: HostReading | string }>;
const retryAfter = 30_000;

export const listRequests = (run: Run): Promise<readonly JudgedRequest[]> =>
  withApi(run, async (cluster) => {
    const board = await readBoard(run, cluster, new Map());
    return board.requests.map(board.row).filter((row) => isShown(run, row));
  });

/** Approves the requests that pass and that `wanted` names; all of them if it is empty. `undefined`: the person said no. */
export const approveRequests = (
  run: Run,
  wanted: readonly string[],
  consent: (rows: readonly JudgedRequest[]) => Promise<boolean>,
): Promise<readonly JudgedRequest[] | undefined> =>
  withApi(run, async (cluster) => {
    const board = await readBoard(run, cluster, new Map());
    const all = board.requests.map((request) => ({ request, row: board.row(request) }));
    refuseUnknownNames(
      all.map(({ row }) => row),
      wanted,
    );
    const chosen = all.filter(
      ({ row }) => isShown(run, row) && row.state === 'pending' && (wanted.length === 0 || isNamed(row, wanted)),
    );
    const rows = chosen.map(({ row }) => row);
    if (!rows.some(({ verdict }) => verdict === 'valid')) return rows;
    if (!(await consent(rows))) return undefined;
    const limit = pLimit(run.forks);
    return Promise.all(
      chosen.map(({ request, row }) =>
        row.verdict === 'valid' ? limit(() => approveOne(run, board, request, row)) : Promise.resolve(row),
      ),
    );
  });

/** Runs `work` with the API server, without which nothing can be judged. */
export const withApi = <T>(run: Run, work: (cluster: Cluster) => Promise<T>): Promise<T> =>
  withCluster(run, (cluster, missing) => {
    if (cluster !== undefined) return work(cluster);
    throw new ToolError(
      'cluster',
      `requests are read from the API server, and it cannot be reached: ${missing ?? ''}`,
      {
        hint: 'fix access to the API server; --no-cluster cannot be used here',
      },
    );
  });

/** Reads requests, cluster and the hosts of new requests. Throws ToolError 'cluster' if the API server does not answer. */
export async function readBoard(run: Run, cluster: Cluster, readings: Readings): Promise<RequestBoard> {
  const listed = await listAll(cluster.api, requestsPath);
  if (!listed.ok) throw unreadable(listed.error.message);
  const all = listed.value.map(readRequest);
  const known = await readKnownCluster(cluster.api, run.inventory.hosts, all);
  if (!known.ok) throw unreadable(known.error);
  const requests = all
    .filter(({ signerName }) => signerName === servingSigner)
    .toSorted((one, other) => (one.createdAt || 0) - (other.createdAt || 0));
  const newest = newestPending(requests);
  const hostOf = ({ username }: ServingRequest): Host | undefined => {
    const node = nodeOfUser(username);
    return node === undefined ? undefined : hostOfNode(node, known.value.nodes.get(node), known.value);
  };
  await readHosts({ ...run, cluster }, readings, [...newest.values()], hostOf);
  const judge = (request: ServingRequest): Judgement => {
    const read = readings.get(request.uid)?.reading ?? 'it was not selected, or it could not be read';
    return validate({ request, cluster: known.value, reading: () => read });
  };
  const row = (request: ServingRequest): JudgedRequest =>
    rowOf(request, newest.get(request.username) === request, hostOf(request)?.name, judge);
  return { cluster, known: known.value, requests, judge, row, hostOf };
}

export const unreadable = (reason: string): ToolError =>
  new ToolError('cluster', `requests for certificates could not be judged: ${reason}`, {
    hint: 'docs/rbac.md lists the rights that this needs',
  });

/** Reads the hosts of these requests, as an audit does. */
async function readHosts(
  run: Run & { readonly cluster: Cluster },
  readings: Readings,
  requests: readonly ServingRequest[],
  hostOf: (request: ServingRequest) => Host | undefined,
): Promise<void> {
  const isStale = ({ uid }: ServingRequest): boolean => {
    const known = readings.get(uid);
    return known === undefined || (typeof known.reading === 'string' && monotonic() - known.at > retryAfter);
  };
  const wanted = requests.flatMap((request) => {
    const host = hostOf(request);
    return host !== undefined && isSelected(run, host.name) && isStale(request) ? [{ request, host }] : [];
  });
  const hosts = [...new Set(wanted.map(({ host }) => host))];
  if (hosts.length === 0) return;
  const read = await survey(hosts, () => ({ playbooks: [], plan: undefined }), run);
  for (const { host, result } of read)
    for (const { request } of wanted.filter((one) => one.host.name === host.name))
      readings.set(request.uid, {
        at: monotonic(),
        reading: result.ok ? readingOf(result.value) : (result.error.error?.message ?? 'it was not read'),
      });
}

type Examined = Extract<Awaited<ReturnType<typeof survey>>[number]['result'], { ok: true }>['value'];

function readingOf({ draft, serving }: Examined): HostReading | string {
  const { nodeName } = draft.host;
  if (nodeName === undefined) return draft.host.notes[0] ?? 'which Node it is could not be told';
  return { nodeName, kubeletStartedAt: serving.kubeletStartedAt, addresses: serving.addresses };
}

function rowOf(
  request: ServingRequest,
  isNewest: boolean,
  host: string | undefined,
  judge: (request: ServingRequest) => Judgement,
): JudgedRequest {
  const state = stateOf(request);
  const base = {
    name: oneLine(request.name),
    username: oneLine(request.username),
    node: nodeOfUser(request.username),
    host,
    createdAt: Number.isNaN(request.createdAt) ? '' : new Date(request.createdAt).toISOString(),
    state,
    newest: isNewest,
    notes: [],
  };
  if (state !== 'pending') return { ...base, verdict: 'decided', reasons: [] };
  if (!isNewest) return { ...base, verdict: 'older', reasons: [] };
  const { verdict, reasons } = judge(request);
  return { ...base, verdict, reasons: reasons.map(({ check, message }) => ({ check, message })) };
}

/** With --limit, requests of other hosts are left out; those of no host are shown when all hosts are selected. */
export const isShown = (run: Run, { host }: JudgedRequest): boolean =>
  host === undefined ? run.hosts.length === run.inventory.hosts.length : isSelected(run, host);

const isNamed = ({ name, node, host }: JudgedRequest, wanted: readonly string[]): boolean =>
  [name, node, host].some((one) => one !== undefined && wanted.includes(one));

function refuseUnknownNames(rows: readonly JudgedRequest[], wanted: readonly string[]): void {
  const unknown = wanted.find((one) => !rows.some((row) => isNamed(row, [one])));
  if (unknown !== undefined)
    throw new ToolError(
      'usage',
      `no request for a serving certificate is called ${oneLine(unknown)} or is of a node of that name`,
      {
        hint: `to list them: ${nextCommand('csr list')}`,
      },
    );
}
