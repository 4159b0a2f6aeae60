/** What a history is made of, drawn from its seed: who takes part, how the machines are, and what goes wrong. */
import { type Fault, type FaultKind, drawFault, drawNext, drawPlace } from './faults.js';
import type { FileSystem } from './node/disk.js';
import type { Quality } from './node/files.js';
import { type Random, randomFrom } from './random.js';

export const scenarios = {
  apply: 'one run on one node, resumed where it did not end',
  rollback: 'a run, then a rollback of it from another machine',
  'second-operator': 'one run, and a rollback of it from another machine at any time',
  'two-runs': 'two runs on one node at once',
  fleet: 'one run on two or three nodes, in waves',
} as const;
export type Scenario = keyof typeof scenarios;

export interface Setting {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly hosts: number;
  readonly fileSystem: FileSystem;
  /** The API server can be asked: its run lock is used too. */
  readonly hasCluster: boolean;
  readonly leaseEvery: number;
  readonly createsDropIn: boolean;
  readonly changesMode: boolean;
  readonly quality: Quality;
  readonly keep: number | undefined;
  /** Faults begin with the rollback. */
  readonly isLate: boolean;
  /** Nobody resumes what did not end: the nodes come to rest by themselves. */
  readonly isAbandoned: boolean;
  readonly faults: readonly Fault[];
}

function drawScenario(random: Random): Scenario {
  const draw = random.below(100);
  if (draw < 50) return 'apply';
  if (draw < 75) return 'rollback';
  if (draw < 85) return 'second-operator';
  return draw < 95 ? 'two-runs' : 'fleet';
}

/** The first comes in what the history is about; the second one may come in what the first one leads to. */
function drawFaults(random: Random, count: number, isLate: boolean): readonly Fault[] {
  const first = isLate ? 'rollback' : 'run';
  return Array.from({ length: count }, (_, index) => {
    if (index > 0 && random.chance(0.5)) return drawNext(random);
    const phase = index === 0 ? first : random.chance(0.7) ? 'after' : first;
    return drawFault(random, phase);
  });
}

/** Histories of one kind alone: a bug that needs two events at once is looked for where they meet. */
export interface Focus {
  readonly scenario: Scenario;
  readonly isLate?: true;
  readonly isAbandoned?: true;
  readonly faults: readonly FaultKind[];
}

export function drawSetting(seed: number, focus?: Focus): Setting {
  const setting = drawAny(seed);
  if (focus === undefined) return setting;
  const { scenario, isLate = false, isAbandoned = false, faults } = focus;
  const random = randomFrom(seed ^ 0x2545f491);
  return {
    ...setting,
    scenario,
    isLate,
    isAbandoned,
    hosts: 1,
    quality: 'good',
    faults: faults.map((kind) => drawPlace(kind, random)),
  };
}

function drawAny(seed: number): Setting {
  const random = randomFrom(seed);
  const scenario = drawScenario(random);
  const draw = random.below(10);
  const quality = draw < 7 ? 'good' : draw < 9 ? 'crashes' : 'sick';
  const count = random.below(10);
  const isLate = scenario === 'rollback' && random.chance(0.7);
  return {
    seed,
    scenario,
    hosts: scenario === 'fleet' ? 2 + random.below(2) : 1,
    fileSystem: random.chance(0.5) ? 'journal' : 'strict',
    hasCluster: scenario === 'two-runs' || scenario === 'second-operator' ? random.chance(0.3) : random.chance(0.9),
    leaseEvery: random.chance(0.1) ? 10_000 : 2000,
    createsDropIn: random.chance(0.6),
    changesMode: random.chance(0.4),
    quality: scenario === 'rollback' ? 'good' : quality,
    keep: random.chance(0.3) ? 1 : undefined,
    isLate,
    isAbandoned: random.chance(0.3),
    faults: drawFaults(random, count < 1 ? 0 : count < 5 ? 1 : 2, isLate),
  };
}

/** One line for people. */
export function textOfSetting({ scenario, hosts, fileSystem, hasCluster, quality, ...more }: Setting): string {
  const parts = [
    scenario,
    `${hosts} ${hosts === 1 ? 'node' : 'nodes'}`,
    `${fileSystem} file system`,
    hasCluster ? 'with the API server' : 'without the API server',
    `a new configuration that ${quality === 'good' ? 'is good' : quality === 'sick' ? 'is never healthy' : 'crashes'}`,
    ...(more.createsDropIn ? ['creates a file'] : []),
    ...(more.changesMode ? ['changes a mode'] : []),
    ...(more.leaseEvery > 2000 ? ['slow leases'] : []),
    ...(more.keep === undefined ? [] : [`keeps ${more.keep}`]),
    ...(more.isAbandoned ? ['nobody resumes'] : []),
    ...(more.isLate ? ['faults begin with the rollback'] : []),
  ];
  return parts.join(', ');
}
