/** The files that a plan leaves alone and that a restart reads all the same: whether they are as the plan saw them. */
import { type Result, fail, ok } from '../lib/result.js';
import { script } from '../node/scripts.js';
import type { PlanSource } from '../plan/host-plan.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';

const deadline = 30_000;

/** The first file that changed since; undefined where none did. */
export async function changedSource(
  session: Session,
  sources: readonly PlanSource[],
): Promise<Result<string | undefined, HostError>> {
  if (sources.length === 0) return ok(undefined);
  const ran = await session.run(
    script('hashes'),
    sources.map(({ path }) => path),
    { deadline, maxBytes: 256 * 1024 },
  );
  if (!ran.ok) return ran;
  const lines = ran.value.stdout.toString('utf8').split('\n');
  const sums = lines.filter((line) => line.startsWith('sum ')).map((line) => line.slice(4));
  if (!lines.includes('end') || sums.length !== sources.length) {
    const message = 'the files that the kubelet reads could not be compared with the plan';
    return fail({ kind: 'script', message, hint: 'check that sha256sum is installed on the node' });
  }
  return ok(sources.find(({ sha256 }, index) => sums[index] !== sha256)?.path);
}
