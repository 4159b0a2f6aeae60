/** The verbs of kubelatch in a history: the very code of src/pipeline, with what it gets from the command line. */
import type { Host } from '../../../src/inventory/host.js';
import { ToolError, messageOf } from '../../../src/lib/errors.js';
import { apply } from '../../../src/pipeline/apply.js';
import type { RolloutFlags, Run } from '../../../src/pipeline/context.js';
import { resume } from '../../../src/pipeline/resume.js';
import { rollback } from '../../../src/pipeline/rollback.js';
import type { HostPlan } from '../../../src/plan/host-plan.js';
import type { SavedPlan } from '../../../src/plan/saved-plan.js';
import type { RunResult } from '../../../src/report/model.js';
import { readRuns } from '../../../src/run/journal.js';
import type { RunEvent } from '../../../src/run/outcome.js';
import { type RunRecord, isUnfinished } from '../../../src/run/record.js';
import { replayJournal } from '../../../src/run/replay.js';
import { type ChangeShape, editsOf } from '../node/files.js';
import { control } from './controllers.js';
import type { Link } from './link.js';

const runs = '/runs';

/** What the verbs of a history work with. */
export interface Verbs {
  readonly links: ReadonlyMap<string, Link>;
  readonly hasCluster: boolean;
  readonly keep: number | undefined;
  report(event: RunEvent): void;
}

/** How a verb ended: its result, that it died, or why it did nothing. */
export type VerbEnd = { readonly result: RunResult } | { readonly refused: string } | { readonly died: true };

const hostNamed = (name: string): Host => ({
  ...{ name, address: name, role: 'worker', group: 'workers' },
  ssh: { user: 'deploy', jump: [], become: 'sudo' },
});

const flagsOf = ({ keep }: Verbs): RolloutFlags => ({
  waves: [{ count: 1 }, { percent: 100 }],
  maxFailures: { count: 0 },
  settle: 3000,
  deadline: 30_000,
  notReadyGrace: 30_000,
  keep,
  cordon: false,
  drain: false,
});

function runOf(verbs: Verbs): Run {
  const hosts = [...verbs.links.keys()].map(hostNamed);
  const connect: Run['connector']['connect'] = ({ name }) => {
    const link = verbs.links.get(name);
    if (link === undefined) throw new RangeError(`no link to ${name}`);
    return link.connect();
  };
  const inventory = { path: 'inventory.yaml', cluster: { name: 'simulated' }, hosts };
  return {
    ...{ version: '0', inventory, hosts, playbooks: [], forks: 4, timeout: 10_000, runsFolder: runs },
    connector: { connect, fresh: connect, close: () => Promise.resolve() },
    // No verb here reads a node's facts.
    examiner: undefined as unknown as Run['examiner'],
    clusterChoice: { use: verbs.hasCluster, kubectl: 'kubectl' },
    editOptions: { moveArguments: false },
    report: (event) => verbs.report(event),
    shutdown: new AbortController().signal,
  };
}

const planOf = (host: string, shape: ChangeShape): HostPlan => ({
  ...{ host, distro: 'systemd', unit: 'kubelet.service', nodeName: host, role: 'worker' },
  watch: { unit: 'kubelet.service', processName: 'kubelet', logPath: undefined },
  ports: { kubelet: 10250, readOnly: 0, healthz: 10248, healthzHost: '127.0.0.1' },
  edits: editsOf(shape),
  ...{ restart: true, reload: shape.createsDropIn },
  expect: [{ setting: 'authentication.anonymous.enabled', value: false }],
  ...{ fixes: [], mayBreak: [], overwrittenBy: [], warnings: [] },
});

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;
const yes = (): Promise<boolean> => Promise.resolve(true);

async function ended(name: string, place: string, verb: () => Promise<RunResult | undefined>): Promise<VerbEnd> {
  const end = await control(name, place, async (): Promise<VerbEnd> => {
    try {
      const result = await verb();
      return result === undefined ? { refused: 'nothing was approved' } : { result };
    } catch (error) {
      // As the command line: one line, and exit code 1.
      if (error instanceof ToolError || codeOf(error) === 'ENOSPC') return { refused: messageOf(error) };
      throw error;
    }
  });
  return end ?? { died: true };
}

export function applyVerb(place: string, shape: ChangeShape, verbs: Verbs): Promise<VerbEnd> {
  const run = runOf(verbs);
  const plan: SavedPlan = {
    kind: 'kubelatch-plan',
    schemaVersion: 1,
    ...{ cluster: 'simulated', madeAt: '', playbooks: [] },
    hosts: run.hosts.map(({ name }) => planOf(name, shape)),
  };
  return ended(`apply on ${place}`, place, () => apply(run, flagsOf(verbs), { plan }, yes));
}

export const rollbackVerb = (place: string, id: string, verbs: Verbs): Promise<VerbEnd> =>
  ended(`rollback on ${place}`, place, () => rollback(runOf(verbs), id, flagsOf(verbs), yes));

/** The newest run of a place that did not end, by its journal; undefined where all did. */
export async function unfinishedOn(place: string): Promise<RunRecord | undefined> {
  const records = await control(`runs on ${place}`, place, async () => (await readRuns(runs)).map(replayJournal));
  return records?.find(isUnfinished);
}

export const resumeVerb = (place: string, record: RunRecord, verbs: Verbs): Promise<VerbEnd> =>
  ended(`resume on ${place}`, place, () => resume(runOf(verbs), { run: record.run, record }, flagsOf(verbs), yes));
