/**
 * Whatever a host does, the audit of the others goes on, in bounded time and memory, and the host is told as what it is.
 * KUBELATCH_HOSTILE_TRANSPORT=openssh has all hosts asked by the ssh program. KUBELATCH_HOSTILE=full sets 99 good hosts beside each case instead of 3, one case after the other, and prints a table.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../cli/program.js';
import { allCases, askingCases } from './all-cases.js';
import {
  boundsOf,
  faultsOf,
  alternating,
  goodMachines,
  hostileMachine,
  runBeside,
  substanceOf,
  tableOf,
  wordsOf,
} from './fleet.js';
import type { Row } from './fleet.js';
import { type HostileCase, endsOf } from './hostile-case.js';
import { type Machine, type Measured, type RunOptions, measure } from './measured-run.js';
import { startGoodHost } from './node-answer.js';
import type { Listening } from './ssh-host.js';
import { floodOfChannels, loginCases } from './transport-cases.js';
import { password } from './sudo-cases.js';

const isFull = process.env['KUBELATCH_HOSTILE'] === 'full';
const fleet = 99;
const beside = isFull ? fleet : 3;
/** Seconds for a call; good hosts must not need them on a slow machine. */
const timeout = 10;
/** Seconds; a run that is not over by then is killed. */
const limit = 120;
const plain: RunOptions = { timeout, limit, transport: process.env['KUBELATCH_HOSTILE_TRANSPORT'] };
const byOpenssh: RunOptions = { ...plain, transport: 'openssh' };
const withPassword: RunOptions = {
  ...plain,
  program: join(import.meta.dirname, 'audit-with-password.mjs'),
  user: 'ops',
  typed: password,
};
const rows: Row[] = [];
let good: Listening;
let machines: readonly Machine[];
/** Good hosts alone. */
let alone: Measured;

beforeAll(async () => {
  if (!existsSync(main)) throw new Error(`${main} is not there: npm run build`);
  good = await startGoodHost();
  machines = goodMachines(beside, good.port);
  alone = await measure(machines, plain);
}, 1000 * limit);
afterAll(async () => {
  await good.stop();
  if (isFull) process.stdout.write(tableOf(rows, alone));
});

function expectGood(ran: Measured, count: number): void {
  const others = ran.hosts.filter(({ host }) => host.startsWith('good'));
  const [model] = alone.hosts;
  const wanted = Array.from({ length: count }, () => model && substanceOf(model));
  expect(others.map(substanceOf), ran.stderr.slice(-2_000)).toEqual(wanted);
}

async function expectBearable(one: HostileCase, options: RunOptions): Promise<void> {
  const ran = await runBeside(one, machines, options);
  const host = ran.hosts.find((ended) => ended.host === 'hostile');
  rows.push({ name: one.name, outcome: host?.status ?? `exit ${ran.code}`, ...ran });
  expectGood(ran, beside);
  expect([...faultsOf(one, host), ...wordsOf(one, ran), ...boundsOf(ran, alone)]).toEqual([]);
}

/** Where a hundred others pour, an answer of megabytes may come too late: that host's loss alone. */
const inACrowd = (one: HostileCase): Pick<HostileCase, 'ends'> & { says: undefined } => ({
  ends: [...endsOf(one), 'unreachable'],
  says: undefined,
});

// One case after the other measures best, several at once are done sooner.
const each = isFull ? it : it.concurrent;
const patience = { timeout: 1000 * (limit + 10) };

describe('good hosts', () => {
  it('are judged', () => {
    expect(alone.hosts.map((host) => host.status)).toEqual(machines.map(() => 'judged'));
    expect(alone.hosts[0]?.findings.length).toBeGreaterThan(5);
  });

  it('are judged beside all hostile ones at once', { timeout: 4000 * limit }, async () => {
    const hosts = await Promise.all(allCases.map((one) => one.start()));
    try {
      const hostile = hosts.map(({ port }, at) => hostileMachine(`hostile${at + 1}`, port));
      const mixed = alternating(goodMachines(fleet, good.port), hostile);
      const ran = await measure(mixed, { timeout: 10, limit: 3 * limit });
      rows.push({ name: `all ${allCases.length} at once`, outcome: `exit ${ran.code}`, ...ran });
      expectGood(ran, fleet);
      expect(ran.hosts).toHaveLength(fleet + allCases.length);
      const faults = allCases.flatMap((one, at) => {
        const host = ran.hosts.find((ended) => ended.host === `hostile${at + 1}`);
        return faultsOf({ ...one, ...inACrowd(one) }, host).map((fault) => `${one.name}: ${fault}`);
      });
      expect([...faults, ...wordsOf({}, ran)]).toEqual([]);
      expect(ran.peakMiB).toBeLessThan(1_500);
    } finally {
      await Promise.all(hosts.map((host) => host.stop()));
    }
  });
});

describe('a host that', () => {
  each.each(allCases)('$name', patience, (one) => expectBearable(one, plain));
});

describe('a host that is asked by OpenSSH and', () => {
  each.each([...loginCases, floodOfChannels])('$name', patience, (one) => expectBearable(one, byOpenssh));
});

describe('a host, where somebody types passwords, that', () => {
  each.each(askingCases)('$name', patience, (one) => expectBearable(one, withPassword));
});
