/** Lines of JSON: a run as it happens, then its result. Each has time, run, host and event; run and host are names. */
import type { RunEvent } from '../run/outcome.js';
import { type SafeText, safeJson, safeJsonLines } from '../lib/output.js';
import { documentOf } from './document.js';
import type { Result } from './model.js';
import type { ResultDocument, ResultKind } from './schema.js';

export interface Moment {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Undefined while there is no run yet, and in verbs that have none. */
  readonly run: string | undefined;
}

type Tree = Readonly<Record<string, unknown>>;

/** One event with its line feed; `host` is null for what concerns the whole run. */
export function eventLine(event: RunEvent, { time, run }: Moment): SafeText {
  const { event: name, ...rest } = event;
  const { host = null, run: started, ...more } = rest as Partial<Record<string, unknown>>;
  return safeJson({ time, run: run ?? started ?? null, host, event: name, ...more });
}

/** What a line of a result's list is called. */
const eventOf: Readonly<Record<Exclude<ResultKind, 'rule' | 'rules' | 'netpol' | 'persist'>, string>> = {
  audit: 'host-result',
  verify: 'host-result',
  plan: 'host-result',
  apply: 'host-result',
  rollback: 'host-result',
  resume: 'host-result',
  uninstall: 'host-result',
  inventory: 'inventory-host',
  'inventory-check': 'host-check',
  runs: 'run',
  run: 'run-host',
  backups: 'host-backups',
  'csr-list': 'certificate-request',
  'csr-approve': 'certificate-request',
  'csr-watch': 'certificate-request',
};

/** The result itself: a line for each host or run, and as the last one a `summary` with all that is left. */
export const resultLines = (result: Result, time: string): SafeText => safeJsonLines(linesOf(documentOf(result), time));

/** The same of an audit or a plan, a host at a time: `trees` are its hosts, as the document holds them. */
export function* hostLines(
  result: Extract<Result, { kind: 'audit' | 'plan' }>,
  trees: Iterable<object>,
  time: string,
): Generator<SafeText> {
  for (const tree of trees) {
    const { host, ...one } = tree as { readonly host: string } & Tree;
    yield safeJsonLines([{ time, run: null, host, event: eventOf[result.kind], ...one }]);
  }
  yield resultLines({ ...result, hosts: [] }, time);
}

function linesOf(document: ResultDocument, time: string): Tree[] {
  if (document.kind === 'netpol') {
    const { clusterFindings: found, ...rest } = document;
    return [
      ...found.map((one) => ({ time, run: null, host: null, event: 'cluster-finding', ...one })),
      { time, run: null, host: null, event: 'summary', ...rest },
    ];
  }
  if (document.kind === 'rule' || document.kind === 'rules' || document.kind === 'persist')
    return [{ time, run: null, host: null, event: 'summary', ...document }];
  const event = eventOf[document.kind];
  if (document.kind === 'runs') {
    const { runs, ...rest } = document;
    return [
      ...runs.map((one) => ({ time, ...named(one), host: null, event, ...without(one, runKeys) })),
      { time, run: null, host: null, event: 'summary', ...rest },
    ];
  }
  if (document.kind === 'run') {
    const { run, ...head } = document;
    const rest = without(run, [...runKeys, 'hosts']);
    return [
      ...run.hosts.map(({ host, ...one }) => ({ time, run: run.id, host, event, ...one })),
      { time, run: run.id, host: null, event: 'summary', ...head, ...without(named(run), ['run']), ...rest },
    ];
  }
  if ('requests' in document) {
    const { requests, ...rest } = document;
    return [
      ...requests.map(({ host, ...one }) => ({ time, run: null, host, event, ...one })),
      { time, run: null, host: null, event: 'summary', ...rest },
    ];
  }
  const run = 'run' in document && document.run !== null ? named(document.run) : { run: null };
  const hosts = document.hosts as readonly ({ readonly host: string } & Tree)[];
  const found = 'clusterFindings' in document ? document.clusterFindings : [];
  const drift = 'drift' in document ? document.drift : undefined;
  const head = drift === undefined ? {} : { drift: without(drift, ['hosts', 'findings']) };
  const rest = { ...without({ ...document, ...run }, ['run', 'hosts', 'clusterFindings', 'drift']), ...head };
  return [
    ...hosts.map(({ host, ...one }) => ({ time, run: run.run, host, event, ...one })),
    ...found.map((one) => ({ time, run: run.run, host: null, event: 'cluster-finding', ...one })),
    ...(drift?.hosts ?? []).map(({ host, ...one }) => ({ time, run: run.run, host, event: 'drift-host', ...one })),
    ...(drift?.findings ?? []).map(({ host, ...one }) => ({
      time,
      run: run.run,
      host,
      event: 'drift-finding',
      ...one,
    })),
    { time, run: run.run, host: null, event: 'summary', ...rest },
  ];
}

type RunTree = Pick<ResultDocument<'runs'>['runs'][number], 'id' | 'kind' | 'of' | 'plan'>;
const runKeys = ['id', 'kind', 'of', 'plan'] as const;

/** A run by its name; `kind` is the result's own. */
const named = ({ id, kind, of, plan }: RunTree): { readonly run: string } & Tree => ({
  run: id,
  runKind: kind,
  of,
  plan,
});

const without = (tree: object, keys: readonly string[]): Tree =>
  Object.fromEntries(Object.entries(tree).filter(([key]) => !keys.includes(key)));
