/** Looks who uses a node's kubelet, before this program asks its ports itself: two samples of the kubelet's counters, and the
 * node's connections in between.
 */
import type { Gateway } from '../cluster/gateway.js';
import { monotonic } from '../lib/clock.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { script } from '../node/scripts.js';
import type { Session } from '../ssh/session.js';
import { type Connections, parseConnections } from './connections.js';
import { type RequestCount, type RequestGrowth, growthOf, parseRequestCounts } from './counters.js';
import type { ClientsToWatch } from './open-ports.js';

/** What was seen on one node; an error is one line. */
export interface Watched extends ClientsToWatch {
  /** Seconds between the two samples. */
  readonly seconds: number;
  readonly counters: Result<readonly RequestGrowth[], string>;
  readonly connections: Result<Connections, string>;
}

/** Bytes of the kubelet's metrics that are read. A node with 250 pods has about one megabyte. */
const metricsCap = 16 * 1024 * 1024;
/** Seconds between two looks at the node's connections. */
const pause = 0.5;
/** Lines of each kind that the node sends. */
const maxLines = 2000;
/** Bytes of the node's answer. */
const answerCap = 16 * 1024 * 1024;

/** `observe`: milliseconds. Takes about that long; never throws. */
export async function watchClients(
  session: Session,
  nodeName: string,
  target: ClientsToWatch,
  { gateway, observe, timeout }: { readonly gateway: Gateway; readonly observe: number; readonly timeout: number },
): Promise<Watched> {
  const first = await sample(gateway, nodeName);
  const start = monotonic();
  const connections = await look(session, target, observe, timeout);
  const second = first.ok ? await sample(gateway, nodeName) : first;
  const seconds = Math.round((monotonic() - start) / 100) / 10;
  // The first sample is a request of its own.
  const own: RequestCount[] = [{ server: 'readwrite', path: '/metrics', count: 1 }];
  const counters = first.ok ? (second.ok ? ok(growthOf(first.value, second.value, own)) : second) : first;
  return { ...target, seconds, counters, connections };
}

/** Through the API server, with its own rights: nothing on the node is needed, and the read-only port is not asked. */
async function sample(gateway: Gateway, nodeName: string): Promise<Result<readonly RequestCount[], string>> {
  const path = `/api/v1/nodes/${encodeURIComponent(nodeName)}/proxy/metrics`;
  const answer = await gateway.get(path, { bytes: metricsCap });
  if (!answer.ok) return fail(answer.error.message);
  if (typeof answer.value !== 'string') return fail('the kubelet’s metrics are not text');
  return ok(parseRequestCounts(answer.value));
}

async function look(
  session: Session,
  { readOnly, kubelet }: ClientsToWatch,
  observe: number,
  timeout: number,
): Promise<Result<Connections, string>> {
  const looks = Math.max(1, Math.round(observe / 1000 / pause));
  const args = [[...readOnly, ...kubelet].join(' '), String(looks), String(pause), String(maxLines)];
  // A shell without fractions waits a second each time.
  const ran = await session.run(script('connections'), args, { deadline: timeout + 2 * observe, maxBytes: answerCap });
  if (!ran.ok) return fail(ran.error.message);
  const { code, stdout, stderr } = ran.value;
  const seen = code === 0 ? parseConnections(stdout.toString('utf8')) : undefined;
  if (seen !== undefined) return ok(seen);
  return fail(`the node did not list its connections: ${oneLine(stderr, 120) || `exit status ${code ?? 'none'}`}`);
}
