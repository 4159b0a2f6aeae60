/** Targets, and the page that a run writes. */
import { expect, it } from 'vitest';
import type { Figures, Measured } from './figures.js';
import { page } from './page.js';
import { targets } from './targets.js';

const measured = (name: string, kind: Measured['kind'], wall: number): Measured => ({
  ...{ name, kind, about: `what ${name} is`, version: '1.2' },
  rounds: [1, 10].map((slow) => ({ wall: wall * slow, cpu: wall, peak: 50, received: 204_800, sent: 102_400 })),
  exchange: kind === 'ansible' ? undefined : { roundTrips: 4, channels: 3 },
});

const figures: Figures = {
  ...{ date: '2026-01-02', version: '0.1.0', cores: 2, kind: 'standin', hosts: 100, parallel: 32, rounds: 2 },
  command: 'npm run bench -- --rounds 2',
  measured: [
    measured('kubelatch', 'kubelatch', 12),
    measured('floor', 'floor', 10),
    measured('xargs ssh', 'openssh', 40),
    measured('pssh', 'openssh', 30),
    measured('ansible', 'ansible', 66),
  ],
  missing: [{ name: 'clush', why: 'it is not installed' }],
  growth: [
    { hosts: 100, wall: 10, cpu: 4, peak: 100 },
    { hosts: 500, wall: 40, cpu: 15, peak: 130 },
  ],
  api: [
    {
      ...{ what: 'a gate, 10 polls', seconds: 20, peak: undefined, calls: 20, bytes: 400_000_000 },
      most: [{ kind: 'GET /api/v1/nodes', calls: 10, bytes: 390_000_000 }],
    },
  ],
  started: {
    processes: 30,
    programs: [
      ['stat', 20],
      ['sed', 1],
    ],
  },
  help: [0.3, 0.2, 0.1],
  emptyNode: [0.1, 0.1, 0.1],
};

it('compares with the fastest peer, and says what is met', () => {
  const short = targets(figures).map(({ what, limit, found, isMet }) => [what, limit, found, isMet]);
  expect(short).toEqual([
    ['time of an audit, times the floor', 'at most 1.30', '1.20', true],
    ['processor time of an audit, times the floor', 'at most 1.50', '1.20', true],
    ['times faster than the fastest OpenSSH peer (pssh)', 'at least 3.00', '2.50', false],
    ['times faster than Ansible', 'at least 5.00', '5.50', true],
    ['round trips after the login', 'at most 3', '4', false],
    ['processes that the probe starts on a node', 'at most 25', '30', false],
    ['memory with 5,000 hosts', 'at most 150 MiB', undefined, false],
    ['memory with 500 hosts, times that with 100', 'at most 1.20', '1.30', false],
    ['`--help`; limit: 1.5 times `node -e 0`, and 60 ms', 'at most 210 ms', '200 ms', true],
  ]);
});

it('measures no target by a peer that is missing, or by a fleet that is alone', () => {
  const alone = { ...figures, measured: figures.measured.slice(0, 2), growth: figures.growth.slice(0, 1) };
  const open = targets(alone).filter(({ found }) => found === undefined);
  expect(open.map(({ what }) => what)).toEqual([
    'times faster than the fastest OpenSSH peer',
    'times faster than Ansible',
    'memory with 5,000 hosts',
    'memory of a large fleet, times that of a small one',
  ]);
  const many = { ...alone, growth: [{ hosts: 5_000, wall: 1, cpu: 1, peak: 149 }] };
  expect(targets(many).find(({ what }) => what === 'memory with 5,000 hosts')).toMatchObject({ isMet: true });
});

it('tells in the page what is met, what is missing, and how it was run', () => {
  const text = page(figures);
  expect(text).toContain('4 of 9 targets are met, **4 are not**, and this run has not measured 1.');
  expect(text).toContain('The targets for time are for 1,000 hosts; this run had 100.');
  // Each that is missed, with what stands in the way.
  const [, reasons = ''] = /Why they are missed:\n\n((?:- .*\n)+)/.exec(text) ?? [];
  expect(reasons.match(/^- \*\*.+\*\*: .+\.$/gm)).toHaveLength(4);
  expect(text).toContain('- **Run**: `npm run bench -- --rounds 2`, 2026-01-02, kubelatch 0.1.0');
  expect(text).toContain('- **clush** has no figures: it is not installed');
  expect(text).toContain('| kubelatch | 66.0   | 1.20    | 12.0  | 1.20    | 50  | 1.5     |');
  expect(text).toContain('| kubelatch | 2.0             | 1.0      | 3            | 4            |');
  expect(text).toContain('| ansible   | 2.0             | 1.0      | not measured | not measured |');
  expect(text).toContain('| 500   | 40.0   | 15.0  | 30.0        | 130 |');
  expect(text).toContain('(images/growth.svg)');
  expect(text).toContain('| a gate, 10 polls | 20.0   | 20    | 1.0     | 400.0 | 20.0 | not measured |');
  expect(text).toContain('- a gate, 10 polls: `GET /api/v1/nodes` 10 times, 390.0 MB');
  expect(text).toContain('The probe starts 30 processes. 21 run a program');
});

it('has tables of at most 100 columns', () => {
  const wide = page(figures)
    .split('\n')
    .filter((line) => line.startsWith('|') && line.length > 100);
  expect(wide).toEqual([]);
});
