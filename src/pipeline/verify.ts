/** verify: asks every kubelet from outside, from each vantage point, and leaves nothing behind in the cluster. */
import type { Cluster } from '../cluster/cluster.js';
import { isoTime } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { isReached } from '../lib/is-reached.js';
import { type Result, fail, ok } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import type { VerifiedHost, VerifyResult } from '../report/verify-model.js';
import { servingCas } from '../verify/api-server.js';
import type { Check } from '../verify/check.js';
import { type Workspace, openWorkspace, removeLeftovers } from '../verify/workspace.js';
import type { Run } from './context.js';
import { hostLimit } from './host-limit.js';
import { baseOf, notesOf } from './results.js';
import {
  type VerifyTools,
  expectationsOf,
  podAnswer,
  podChecksOf,
  podChecksUnwanted,
  verifyHost,
} from './verify-host.js';
import { type TargetHost, readTargets } from './verify-target.js';
import { withCluster } from './with-cluster.js';

export interface VerifyOptions {
  /** Creates nothing in the cluster: no tokens and no pods. */
  readonly readOnly: boolean;
  readonly probeImage: string | undefined;
  /** PEM bundle that the user named. */
  readonly servingCa: string | undefined;
  /** Called before anything is created in the cluster. */
  readonly beforeCreate: () => void;
}

export async function verify(run: Run, options: VerifyOptions): Promise<VerifyResult> {
  const startedAt = isoTime();
  return withCluster(run, async (cluster, missing) => {
    const targets = await readTargets(run, cluster, missing);
    const leftovers = cluster === undefined || options.readOnly ? [] : await removeLeftovers(cluster.api);
    const workspace = await workspaceFor(run, cluster, missing, options);
    let left: string | undefined;
    let hosts: readonly VerifiedHost[];
    try {
      const ca = options.servingCa ?? (cluster === undefined ? undefined : await servingCas(cluster));
      const reached = cluster === undefined ? fail(`the API server was not asked: ${missing ?? ''}`) : ok(cluster);
      const wantsCluster = options.servingCa !== undefined;
      hosts = await verifyAll(
        { run, cluster: reached, workspace, probeImage: options.probeImage, ca, wantsCluster },
        targets,
      );
    } finally {
      left = workspace.ok ? await workspace.value.close() : undefined;
    }
    const notes = [...notesOf(run, missing), ...leftovers, ...(left === undefined ? [] : [left])];
    return { ...baseOf(run, startedAt, hosts), kind: 'verify', hosts, notes, summary: summaryOf(hosts) };
  });
}

async function workspaceFor(
  run: Run,
  cluster: Cluster | undefined,
  missing: string | undefined,
  { readOnly, beforeCreate }: VerifyOptions,
): Promise<Result<Workspace, string>> {
  if (cluster === undefined) return fail(`the API server was not asked: ${missing ?? ''}`);
  if (readOnly) return fail('--read-only was given');
  if (run.shutdown.aborted) return fail('cancelled');
  beforeCreate();
  const opened = await openWorkspace(cluster.api);
  return opened.ok ? opened : fail(`nothing could be created in the cluster: ${opened.error.message}`);
}

async function verifyAll(tools: VerifyTools, targets: readonly TargetHost[]): Promise<VerifiedHost[]> {
  const limit = hostLimit(tools.run.forks);
  const reachable = targets.filter(({ read }) => read.ok);
  const checked = await Promise.all(
    targets.map((target) =>
      limit(target.host, async () => {
        const peer = peerOf(target, reachable);
        const [checks, pod] = await Promise.all([
          verifyHost(tools, target, peer).then(ok).catch(unforeseen),
          podAnswer(tools, target, peer.ok ? [peer.value] : []).catch((error: unknown) => fail(reasonOf(error))),
        ]);
        return { target, peer, checks, pod };
      }),
    ),
  );
  return checked.map(({ target, checks, pod }) => {
    const ofOthers = checked.filter(({ peer, pod: theirs }) => peer.ok && peer.value === target && theirs.ok);
    const pods = [{ target, pod }, ...ofOthers].flatMap((one) =>
      podChecksOf(target, one.target.host.name, one.pod, expectationsOf(tools.run, target)),
    );
    const ofPods = tools.probeImage === undefined ? podChecksUnwanted() : pods;
    return verifiedHost(target, [...(checks.ok ? checks.value : []), ...ofPods], checks.ok ? undefined : checks.error);
  });
}

const reasonOf = (error: unknown): string => `it could not be verified (${oneLine(messageOf(error), 120)})`;
const unforeseen = (error: unknown): Result<never, string> => fail(reasonOf(error));

/** The next host that was read, in a ring: each looks at one other. */
function peerOf(target: TargetHost, reachable: readonly TargetHost[]): Result<TargetHost, string> {
  const at = reachable.indexOf(target);
  const [next] = [...reachable.slice(at + 1), ...reachable].filter((one) => one !== target);
  return next === undefined ? fail('no other host was selected and read') : ok(next);
}

function verifiedHost(
  { host, node, read, kubeletVersion }: TargetHost,
  checks: readonly Check[],
  note: string | undefined,
): VerifiedHost {
  const status = read.ok ? 'judged' : isReached(read.error) ? 'unreadable' : 'unreachable';
  return {
    host: host.name,
    nodeName: node.ok ? node.value : host.nodeName,
    role: read.ok && read.value.server ? 'control-plane' : host.role,
    distro: read.ok ? read.value.distro : undefined,
    kubeletVersion,
    status,
    ...(read.ok ? {} : { error: read.error }),
    checks,
    notes: note === undefined ? [] : [note],
  };
}

function summaryOf(hosts: readonly VerifiedHost[]): VerifyResult['summary'] {
  const all = hosts.flatMap(({ checks }) => checks);
  const count = (status: Check['status']): number => all.filter((one) => one.status === status).length;
  return {
    hosts: hosts.length,
    judged: hosts.filter(({ status }) => status === 'judged').length,
    pass: count('pass'),
    fail: count('fail'),
    unknown: count('unknown'),
    notApplicable: count('not-applicable'),
  };
}
