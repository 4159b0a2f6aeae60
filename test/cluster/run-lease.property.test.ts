/** Whatever clocks, network and machines do: no two runs rely on the lock at the same time. */
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { type RunLease, acquireRunLease } from '../../src/cluster/run-lease.js';
import { clock, LeaseServer, type Machine, type Weather, begin, isStalled, machine, on, pass } from './lease-world.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('./lease-world.js')).clock,
}));

interface Contender {
  readonly rate: number;
  readonly skew: number;
  readonly comesAt: number;
  readonly worksFor: number;
  readonly dies: boolean;
  readonly stalls: Machine['stalls'];
}

const seconds = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most * 1000 });
const contender: fc.Arbitrary<Contender> = fc.record({
  // Clocks that run a tenth too fast or too slow are broken, and still fine.
  rate: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
  skew: fc.constantFrom(0, -600_000, 600_000),
  comesAt: seconds(60),
  worksFor: seconds(60),
  dies: fc.boolean(),
  stalls: fc.array(
    fc
      .tuple(seconds(120), seconds(50), fc.boolean())
      .map(([from, length, asleep]) => ({ from, to: from + length, asleep })),
    { maxLength: 2 },
  ),
});
const fair: Weather = { there: 5, back: 5 };
const weather: fc.Arbitrary<Weather> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ there: fc.nat(300), back: fc.nat(300) }) },
  // Slower than any deadline: what was given up arrives all the same.
  { weight: 1, arbitrary: fc.record({ there: fc.nat(30_000), back: fc.nat(5000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      there: fc.nat(300),
      back: fc.nat(300),
      lost: fc.constantFrom('request' as const, 'answer' as const),
    }),
  },
);

it('at most one of many contenders relies on it at any moment', async () => {
  let [held, takenOver] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.array(contender, { minLength: 2, maxLength: 5 }),
      fc.array(weather, { maxLength: 60 }),
      async (contenders, forecast) => {
        begin();
        const server = new LeaseServer();
        let request = 0;
        server.weather = () => forecast[request++] ?? fair;
        const leases = new Map<Machine, RunLease>();
        for (const [index, one] of contenders.entries()) void run(server, machine(`m${index}`, one), one, leases);
        await pass(240_000, () => {
          const sure = [...leases].filter(
            ([where, lease]) => !where.dead && !isStalled(where) && on(where, () => lease.problem()) === undefined,
          );
          expect(sure.length).toBeLessThanOrEqual(1);
        });
        held += leases.size;
        takenOver += Number(Number(server.lease?.spec['leaseTransitions'] ?? 0) > 0);
      },
    ),
    { numRuns: 150 },
  );
  // Or the rule would be kept by nobody ever having it.
  expect(held).toBeGreaterThan(150);
  expect(takenOver).toBeGreaterThan(20);
}, 120_000);

async function run(
  server: LeaseServer,
  where: Machine,
  { comesAt, worksFor, dies }: Contender,
  leases: Map<Machine, RunLease>,
): Promise<void> {
  await on(where, async () => {
    await clock.sleep(comesAt);
    const claim = { operator: 'op@x', run: 'r', onWait: () => undefined, signal: new AbortController().signal };
    // The one that is refused tries again, as people do.
    for (let tries = 0; tries < 3; tries += 1) {
      // Somebody may know of one that it is gone; what it sent last may arrive all the same.
      const dead = [...leases].find(([one]) => one.dead)?.[1].identity;
      const taken = await acquireRunLease(server.gateway(), { ...claim, deadHolder: dead });
      if (!taken.ok) continue;
      leases.set(where, taken.value);
      await clock.sleep(worksFor);
      if (dies) where.dead = true;
      else await taken.value.release();
      return;
    }
  });
}

it('the last one that comes gets it, when all before it are dead', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(contender, { minLength: 1, maxLength: 3 }), async (contenders) => {
      begin();
      const server = new LeaseServer();
      const machines = contenders.map((one, index) => machine(`m${index}`, one));
      for (const [index, one] of contenders.entries()) {
        const where = machines[index];
        if (where !== undefined) void run(server, where, one, new Map());
      }
      await pass(100_000);
      for (const one of machines) one.dead = true;
      // What they sent last has arrived.
      await pass(100);
      let taken: unknown;
      const claim = { operator: 'op@x', run: 'r', onWait: () => undefined, signal: new AbortController().signal };
      void on(machine('last'), () => acquireRunLease(server.gateway(), claim)).then((ended) => (taken = ended));
      await pass(25_000);
      expect(taken).toMatchObject({ ok: true });
    }),
    { numRuns: 60 },
  );
}, 120_000);
