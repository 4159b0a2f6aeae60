/** What kubelatch is to reach, and what a run has found of it. Pure. */
import { count } from '../written-page.js';
import { type Figures, type Measured, ofKind } from './figures.js';
import { median, medianRatio } from './statistics.js';

export interface Target {
  readonly what: string;
  readonly limit: string;
  /** Undefined: this run has not measured it. */
  readonly found: string | undefined;
  readonly isMet: boolean;
  /** What stands in the way where it is missed. */
  readonly why: string;
}

const shared =
  'all programs wait for the same sshd and node, which share the processors with them; not even the bare loop reaches this.';
const garbage = 'Node.js collects garbage late; the hosts themselves leave only their findings.';

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
    {
      ...atMost('time of an audit, times the floor', 1.3, ratio(own, floor, 'wall'), times),
      why: 'the ports are asked after the probe, each in a flight of its own.',
    },
    {
      ...atMost('processor time of an audit, times the floor', 1.5, ratio(own, floor, 'cpu'), times),
      why: 'the floor reads an answer and drops it; kubelatch also loads its program (about a second), parses and judges.',
    },
    { ...atLeast(`times faster than the fastest OpenSSH peer${peer}`, 3, ratio(fastest, own, 'wall')), why: shared },
    { ...atLeast('times faster than Ansible', 5, ratio(ansible, own, 'wall')), why: shared },
    {
      ...atMost('round trips after the login', 3, own?.exchange?.roundTrips, String),
      why: 'the ports are asked after the probe: asked beside it, a connection that broke once ended Node.js itself.',
    },
    {
      ...atMost('processes that the probe starts on a node', 25, started.processes, String),
      why: 'the probe starts more programs than it should.',
    },
    {
      ...atMost('memory with 5,000 hosts', 150, growth.find(({ hosts }) => hosts >= manyHosts)?.peak, mib),
      why: garbage,
    },
    flatness(growth),
    {
      ...atMost('`--help`; limit: 1.5 times `node -e 0`, and 60 ms', allowed, median(help), milliseconds),
      why: 'loading the table of verbs takes longer than it should.',
    },
  ];
}

function flatness(growth: Figures['growth']): Target {
  const [small, large] = [growth[0], growth.at(-1)];
  if (small === undefined || large === undefined || small === large)
    return { ...atMost('memory of a large fleet, times that of a small one', flat, undefined, times), why: garbage };
  const what = `memory with ${count(large.hosts)} hosts, times that with ${count(small.hosts)}`;
  return { ...atMost(what, flat, large.peak / small.peak, times), why: garbage };
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
export const times: Format = (value) => value.toFixed(value < 10 ? 2 : 1);
const mib: Format = (value) => `${value.toFixed(0)} MiB`;
const milliseconds: Format = (value) => `${(value * 1000).toFixed(0)} ms`;

type Judged = Omit<Target, 'why'>;

const atMost = (what: string, limit: number, found: number | undefined, format: Format): Judged => ({
  ...{ what, limit: `at most ${format(limit)}` },
  found: found === undefined ? undefined : format(found),
  isMet: found !== undefined && found <= limit,
});

const atLeast = (what: string, limit: number, found: number | undefined): Judged => ({
  ...{ what, limit: `at least ${times(limit)}` },
  found: found === undefined ? undefined : times(found),
  isMet: found !== undefined && found >= limit,
});
