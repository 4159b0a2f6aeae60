/** What kubelatch is to reach, and what a run has found of it. Pure. */
import { type Figures, type Measured, ofKind } from './figures.js';
import { median, medianRatio } from './statistics.js';

export interface Target {
  readonly what: string;
  readonly limit: string;
  /** Undefined: this run has not measured it. */
  readonly found: string | undefined;
  readonly isMet: boolean;
}

/** Hosts of the memory's target. */
const manyHosts = 5_000;
const flat = 1.2;

export function targets(figures: Figures): Target[] {
  const [own] = ofKind(figures, 'kubelatch');
  const [floor] = ofKind(figures, 'floor');
  const [ansible] = ofKind(figures, 'ansible');
  const fastest = [...ofKind(figures, 'openssh')].sort((one, other) => wallOf(one) - wallOf(other))[0];
  const { help, emptyNode, started, growth } = figures;
  const allowed = 1.5 * median(emptyNode) + 0.06;
  const peer = fastest === undefined ? '' : ` (${fastest.name})`;
  return [
    atMost('time of an audit, times the floor', 1.3, ratio(own, floor, 'wall'), times),
    atMost('processor time of an audit, times the floor', 1.5, ratio(own, floor, 'cpu'), times),
    atLeast(`times faster than the fastest OpenSSH peer${peer}`, 3, ratio(fastest, own, 'wall')),
    atLeast('times faster than Ansible', 5, ratio(ansible, own, 'wall')),
    atMost('round trips after the login', 3, own?.exchange?.roundTrips, String),
    atMost('processes that the probe starts on a node', 25, started.processes, String),
    atMost('memory with 5,000 hosts', 150, growth.find(({ hosts }) => hosts >= manyHosts)?.peak, mib),
    flatness(growth),
    atMost('`--help`; limit: 1.5 times `node -e 0`, and 60 ms', allowed, median(help), milliseconds),
  ];
}

function flatness(growth: Figures['growth']): Target {
  const [small, large] = [growth[0], growth.at(-1)];
  if (small === undefined || large === undefined || small === large)
    return atMost('memory of a large fleet, times that of a small one', flat, undefined, times);
  const what = `memory with ${count(large.hosts)} hosts, times that with ${count(small.hosts)}`;
  return atMost(what, flat, large.peak / small.peak, times);
}

const wallOf = ({ rounds }: Measured): number => median(rounds.map(({ wall }) => wall));

function ratio(over: Measured | undefined, under: Measured | undefined, of: 'wall' | 'cpu'): number | undefined {
  if (over === undefined || under === undefined) return undefined;
  return medianRatio(
    over.rounds.map((round) => round[of]),
    under.rounds.map((round) => round[of]),
  );
}

type Format = (value: number) => string;
export const count: Format = (value) => value.toLocaleString('en-US');
export const times: Format = (value) => value.toFixed(value < 10 ? 2 : 1);
const mib: Format = (value) => `${value.toFixed(0)} MiB`;
const milliseconds: Format = (value) => `${(value * 1000).toFixed(0)} ms`;

const atMost = (what: string, limit: number, found: number | undefined, format: Format): Target => ({
  ...{ what, limit: `at most ${format(limit)}` },
  found: found === undefined ? undefined : format(found),
  isMet: found !== undefined && found <= limit,
});

const atLeast = (what: string, limit: number, found: number | undefined): Target => ({
  ...{ what, limit: `at least ${times(limit)}` },
  found: found === undefined ? undefined : times(found),
  isMet: found !== undefined && found >= limit,
});
