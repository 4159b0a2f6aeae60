/** Access to the API server with kubectl on a host, over SSH. Its credentials stay on that host. */
import type { Duplex } from 'node:stream';
import { monotonic, randomHex, sleep } from '../lib/clock.js';
import { type Result, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { script } from '../node/scripts.js';
import type { Session } from '../ssh/session.js';
import { type ClusterError, type Gateway, httpGet, httpRequest, startTimeout, unreachable } from './gateway.js';

export interface RemoteKubectl {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Default kubeconfigs and kubectl programs of the distributions. */
  readonly kubeconfigs: readonly string[];
  readonly programs: readonly string[];
}

const day = 24 * 3600 * 1000;
const pause = 100;

/** The gateway owns the session from here on, and closes it. */
export async function openRemoteGateway(
  session: Session,
  { kubeconfig, context, kubeconfigs, programs }: RemoteKubectl,
): Promise<Result<Gateway, ClusterError>> {
  const folder = `/run/kubelatch-${randomHex(8)}`;
  const run = (words: readonly string[], deadline: number): ReturnType<Session['run']> =>
    session.run(
      script('kubectl'),
      [kubeconfig ?? '-', context ?? '-', kubeconfigs.join(' '), programs.join(' '), ...words],
      { deadline },
    );
  let ended: string | undefined;
  void run(['serve', folder], day).then((ran) => {
    ended = ran.ok ? oneLine(ran.value.stderr) || 'it exited without a message' : ran.error.message;
  });
  const close = (): Promise<void> => session.close();
  const dial = async (): Promise<Duplex> => {
    const stream = await session.open({ socketPath: `${folder}/api` }, { deadline: 10_000 });
    if (!stream.ok) throw new Error(ended ?? stream.error.message);
    return stream.value;
  };
  const end = monotonic() + startTimeout;
  for (;;) {
    await sleep(pause);
    const left = end - monotonic();
    if (ended !== undefined || left <= 0) break;
    const answer = await httpGet(dial, '/version', { deadline: Math.min(5000, left) });
    if (!answer.ok) continue;
    return ok({
      get: (path, limits) => httpGet(dial, path, limits),
      send: (request, deadline) => httpRequest(dial, request, deadline),
      async kubectl(args, deadline) {
        const ran = await run(['run', ...args], deadline);
        if (!ran.ok) return unreachable(ran.error.message);
        return ran.value.code === 0 ? ok(undefined) : unreachable(oneLine(ran.value.stderr));
      },
      close,
    });
  }
  await close();
  return unreachable(`kubectl proxy on ${session.name}: ${ended ?? `no answer within ${startTimeout / 1000} s`}`);
}
