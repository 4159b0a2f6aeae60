/** Good hosts beside hostile ones, and what must hold of the audit of them all. */
import { type HostileCase, endsOf } from './hostile-case.js';
import { type AuditedHost, type Cost, type Machine, type Measured, type RunOptions, measure } from './measured-run.js';

/** One host on many addresses of this machine. */
export const goodMachines = (count: number, port: number): Machine[] =>
  Array.from({ length: count }, (_, at) => ({
    name: `good${at + 1}`,
    address: `127.1.${Math.floor(at / 200)}.${(at % 200) + 1}`,
    port,
  }));

export const hostileMachine = (name: string, port: number): Machine => ({ name, address: '127.0.0.1', port });

/** One of each, as long as there are both. */
export const alternating = <T>(some: readonly T[], others: readonly T[]): T[] =>
  Array.from({ length: Math.max(some.length, others.length) }, (_, at) => [some[at], others[at]])
    .flat()
    .filter((one) => one !== undefined);

/** The case's host beside `good` hosts. */
export async function runBeside(one: HostileCase, good: readonly Machine[], options: RunOptions): Promise<Measured> {
  const host = await one.start();
  try {
    // In the middle: good hosts come before it and after it.
    const half = Math.ceil(good.length / 2);
    const machines = [...good.slice(0, half), hostileMachine('hostile', host.port), ...good.slice(half)];
    return await measure(machines, { ...options, verb: one.verb ?? 'audit' });
  } finally {
    await host.stop();
  }
}

/** What is the same of every good host, whoever stands beside it; a fingerprint is its host's own. */
export const substanceOf = ({ status, findings, notes }: AuditedHost): unknown => ({
  status,
  findings: findings.map((one) => ({ ...one, fingerprint: undefined })),
  notes,
});

/** What is wrong with how a case ended, in words. */
export function faultsOf(one: HostileCase, host: AuditedHost | undefined): string[] {
  if (host === undefined) return ['there is no result of the hostile host'];
  const said = JSON.stringify(host);
  return [
    ...(endsOf(one).includes(host.status)
      ? []
      : [`it ended as ${host.status} (${host.error?.message ?? ''}), not as ${endsOf(one).join(' or ')}`]),
    ...(one.says === undefined || one.says.test(said)
      ? []
      : [`it says nothing like ${one.says.source}: ${said.slice(0, 400)}`]),
    ...(host.status !== 'judged' && (host.error?.hint ?? '') === '' ? ['it has no hint'] : []),
  ];
}

// Line feeds separate lines, and the live line of the progress is not drawn here.
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/;

/** What must stand nowhere in what the program prints. */
export function wordsOf(one: Pick<HostileCase, 'never'>, { stdout, stderr }: Measured): string[] {
  const printed = `${stdout}\n${stderr}`;
  const found = unsafe.exec(printed);
  return [
    ...(found === null
      ? []
      : [`it prints ${JSON.stringify(printed.slice(Math.max(0, found.index - 40), found.index + 40))}`]),
    ...(one.never?.test(printed) === true ? [`it prints what must stand nowhere: ${one.never.source}`] : []),
  ];
}

/** What one host may add to the result. */
const mostPrintedMiB = 4;

/** What a run with one hostile host may take more than one without: generous, as a slow machine must bear it too. */
export function boundsOf({ cpu, peakMiB, stdout }: Measured, alone: Measured): string[] {
  const printedMiB = (stdout.length - alone.stdout.length) / 2 ** 20;
  const mostCpu = Math.max(15, 10 * alone.cpu);
  const mostMiB = alone.peakMiB + 400;
  return [
    ...(cpu <= mostCpu ? [] : [`it took ${cpu.toFixed(0)} s of the processor, more than ${mostCpu.toFixed(0)}`]),
    ...(printedMiB <= mostPrintedMiB
      ? []
      : [`it made the result ${printedMiB.toFixed(1)} MiB longer, more than ${mostPrintedMiB}`]),
    ...(peakMiB <= mostMiB ? [] : [`it took ${peakMiB.toFixed(0)} MiB, more than ${mostMiB.toFixed(0)}`]),
  ];
}

export interface Row extends Cost {
  readonly name: string;
  readonly outcome: string;
}

/** The figures as Markdown. */
export function tableOf(rows: readonly Row[], alone: Cost): string {
  const line = ({ name, outcome, seconds, cpu, peakMiB }: Row): string =>
    `| ${name} | ${outcome} | ${seconds.toFixed(1)} | ${cpu.toFixed(1)} | ${peakMiB.toFixed(0)} |`;
  return [
    '',
    '| A host that | Outcome | Seconds | CPU seconds | Peak MiB |',
    '|---|---|--:|--:|--:|',
    ...[{ name: '(good hosts alone)', outcome: 'judged', ...alone }, ...rows].map(line),
    '',
  ].join('\n');
}
