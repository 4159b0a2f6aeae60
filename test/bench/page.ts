/** docs/performance.md as a run writes it. Pure. */
import { type Figures, type Measured, ofKind } from './figures.js';
import { median, medianRatio } from './statistics.js';
import { count, table } from '../written-page.js';
import { type Target, targets, times } from './targets.js';

/** Programs that the probe starts most, as many as are shown. */
const shownPrograms = 12;
/** Hosts of the targets for time. */
const timedHosts = 1_000;

export function page(figures: Figures): string {
  const { date, version, cores, kind, hosts, parallel, rounds, command } = figures;
  const rows = targets(figures);
  const unmet = rows.filter(({ isMet, found }) => !isMet && found !== undefined).length;
  const programs = figures.started.programs.reduce((sum, [, number]) => sum + number, 0);
  const unknown = rows.filter(({ found }) => found === undefined).length;
  return [
    '# Performance',
    '',
    'How long an audit takes, next to other programs that run the same probe on the same hosts. This page is written by the',
    'benchmark; do not edit it.',
    '',
    `- **Run**: \`${command}\`, ${date}, kubelatch ${version}`,
    `- **Size**: ${plural(hosts, 'host')}, ${parallel} at once, ${plural(rounds, 'round')}`,
    `- **Machine**: ${plural(cores, 'core')}, which the clients, sshd and the node share`,
    `- **Node**: ${nodes[kind] ?? kind}`,
    '',
    '## Targets',
    '',
    verdict(rows.length, unmet, unknown),
    ...(hosts < timedHosts
      ? [`The targets for time are for ${count(timedHosts)} hosts; this run had ${count(hosts)}.`]
      : []),
    '',
    ...table(
      ['target', 'limit', 'found', 'met'],
      rows.map(({ what, limit, found, isMet }) => [what, limit, found ?? 'not measured', met(found, isMet)]),
    ),
    '',
    ...missed(rows),
    '## One audit of the fleet',
    '',
    'Medians of the rounds. `x floor`: divided by the floor of the same round.',
    '',
    ...table(
      ['program', 'time s', 'x floor', 'CPU s', 'x floor', 'MiB', 'hosts/s'],
      figures.measured.map((one) => costRow(one, ofKind(figures, 'floor')[0], hosts)),
    ),
    '',
    ...figures.missing.map(({ name, why }) => `- **${name}** has no figures: ${why}`),
    ...(figures.missing.length > 0 ? [''] : []),
    ...table(
      ['program', 'what it is', 'version'],
      figures.measured.map(({ name, about, version: own }) => [name, about, own]),
    ),
    '',
    '## On the wire',
    '',
    'KiB: IP packets for each host, with the handshake. Channels and round trips: after the login.',
    '',
    ...table(
      ['program', 'KiB to the node', 'KiB back', 'channels', 'round trips'],
      figures.measured.map((one) => wireRow(one, hosts)),
    ),
    '',
    ...growthSection(figures),
    ...apiSection(figures),
    '## On the node',
    '',
    `The probe starts ${plural(figures.started.processes, 'process', 'processes')}. ${count(programs)} run a program, these most often; the others are subshells.`,
    '',
    ...table(
      ['program', 'times'],
      figures.started.programs.slice(0, shownPrograms).map(([name, number]) => [`\`${name}\``, count(number)]),
    ),
    '',
    '## Start',
    '',
    ...table(
      ['command', 'ms'],
      [
        ['`--help`', inMs(median(figures.help))],
        ['`node -e 0`', inMs(median(figures.emptyNode))],
      ],
    ),
    '',
    ...method,
  ].join('\n');
}

/** Why targets are missed, each by itself. */
function missed(rows: readonly Target[]): string[] {
  const open = rows.filter(({ found, isMet }) => found !== undefined && !isMet);
  return open.length === 0
    ? []
    : ['Why they are missed:', '', ...open.map(({ what, why }) => `- **${what}**: ${why}`), ''];
}

/** The image is drawn from the same figures. */
const growthSection = ({ growth, parallel }: Figures): string[] => [
  '## Growth',
  '',
  `One audit of kubelatch in one process, ${parallel} hosts at once. The node says what the probe once said, so that many hosts take`,
  'little time; kubelatch does all of its work.',
  '',
  ...(growth.length === 0 ? [] : [`![${growthText(growth)}](images/growth.svg)`, '']),
  ...table(
    ['hosts', 'time s', 'CPU s', 'CPU ms/host', 'MiB'],
    growth.map(({ hosts, wall, cpu, peak }) => [
      ...[count(hosts), wall.toFixed(1), cpu.toFixed(1)],
      ...[((1000 * cpu) / hosts).toFixed(1), peak.toFixed(0)],
    ]),
  ),
  '',
];

const apiSection = ({ api }: Figures): string[] =>
  api.length === 0
    ? []
    : [
        '## The API server',
        '',
        'A generated cluster of 5,000 nodes, with Nodes of 5 to 8 KB and their Leases and no other objects, answers in place of',
        'kubectl. The gate polls as that of `apply` does, after one list of all nodes.',
        '',
        ...table(
          ['work', 'time s', 'calls', 'calls/s', 'MB', 'MB/s', 'client MiB'],
          api.map(({ what, seconds, calls, bytes, peak }) => [
            ...[what, seconds.toFixed(1), count(calls), (calls / seconds).toFixed(1)],
            ...[(bytes / 1e6).toFixed(1), (bytes / 1e6 / seconds).toFixed(1), peak?.toFixed(0) ?? 'not measured'],
          ]),
        ),
        '',
        ...api.map(
          ({ what, most }) =>
            `- ${what}: ${most.map(({ kind, calls, bytes }) => `\`${kind}\` ${timesOf(calls)}, ${(bytes / 1e6).toFixed(1)} MB`).join('; ')}`,
        ),
        '',
      ];

const timesOf = (calls: number): string => plural(calls, 'time');

const growthText = (growth: Figures['growth']): string =>
  `Time, processor time and memory of audits of ${growth.map(({ hosts }) => count(hosts)).join(', ')} hosts`;

const nodes: Readonly<Record<string, string>> = {
  standin: 'a kubeadm node of the lab (Debian 12 in a container) with the stand-in kubelet',
  real: 'a kubeadm node of the lab (Debian 12 in a container) with a real kubelet',
};

const method = [
  '## How it is measured',
  '',
  '- **Fleet**: one node answers on as many addresses as there are hosts. All programs log in as root with one key, check the',
  '  host key, and make new connections in each run. The login shell is dash and reads no files.',
  '- **Rounds**: all programs run in turn; each round begins with another one. Whatever else the machine does hits all alike.',
  '- **Work**: each program runs the probe that kubelatch sends, once a host, and a run counts only if every host answered.',
  '  kubelatch also judges the answers and asks the ports of each kubelet; the others only collect text.',
  '- **CPU**: user and system time of the program and of all that it starts, daemons that it leaves behind too.',
  '- **Memory**: the resident memory of the same processes, looked at ten times a second, or that of the largest process, if it',
  '  is more. Pages that processes share count for each of them.',
  '- **Processes**: counted with strace. **Bytes**: counters of nftables on the node. **Round trips**: the longest chain of',
  '  messages that each had to wait for an answer to the one before. A host that stands before the node, with a slow line to',
  '  it, counts them; it does not have what Ansible needs.',
  '- **Not measured**: a network with latency, sudo, the API server, and how long the node alone takes. Node and',
  '  clients share the cores, so the work of the probe is in every time, and hides differences between clients. The CPU',
  '  column does not have it.',
  '',
  'To repeat it, with root on Debian 12:',
  '',
  '```sh',
  'npm run bench -- --setup',
  'npm run bench -- --hosts 1000 --growth 100,300,1000,3000,5000',
  '```',
  '',
];

function verdict(all: number, unmet: number, unknown: number): string {
  const met = `${all - unmet - unknown} of ${all} targets are met, **${unmet} ${unmet === 1 ? 'is' : 'are'} not**`;
  return unknown === 0 ? `${met}.` : `${met}, and this run has not measured ${unknown}.`;
}

const met = (found: string | undefined, isMet: boolean): string =>
  isMet ? 'yes' : found === undefined ? '' : '**no**';

function costRow({ name, rounds }: Measured, floor: Measured | undefined, hosts: number): string[] {
  const of = (key: 'wall' | 'cpu' | 'peak'): number => median(rounds.map((round) => round[key]));
  const over = (key: 'wall' | 'cpu'): string => {
    if (floor === undefined) return '';
    const all = [rounds, floor.rounds].map((some) => some.map((round) => round[key]));
    return times(medianRatio(all[0] ?? [], all[1] ?? []));
  };
  const figures = [of('wall').toFixed(1), over('wall'), of('cpu').toFixed(1), over('cpu')];
  return [name, ...figures, of('peak').toFixed(0), (hosts / of('wall')).toFixed(1)];
}

function wireRow({ name, rounds, exchange }: Measured, hosts: number): string[] {
  const each = (key: 'received' | 'sent'): string =>
    (median(rounds.map((round) => round[key])) / 1024 / hosts).toFixed(1);
  const counted = [exchange?.channels, exchange?.roundTrips].map((one) => String(one ?? 'not measured'));
  return [name, each('received'), each('sent'), ...counted];
}

const inMs = (seconds: number): string => (seconds * 1000).toFixed(0);
const plural = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`;
