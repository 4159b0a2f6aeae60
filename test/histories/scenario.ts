/** What the operators do in a history, and what is looked at when they are done. */
import { exitCodeOf } from '../../src/report/exit-code.js';
import type { RunResult } from '../../src/report/model.js';
import { type VerbEnd, applyVerb, resumeVerb, rollbackVerb, unfinishedOn } from './controller/verbs.js';
import type { World } from './history.js';
import type { ChangeShape } from './node/files.js';
import { filesOn } from './node/kubelet.js';
import { type Report, lieOf, ownerOf, unrestIn } from './oracle.js';

/** A run that has ended, and its result. */
interface Finished {
  readonly place: string;
  readonly result: RunResult;
}

/** Milliseconds in which a node comes to rest by itself: its deadline, five attempts, and the wait between them. */
const restTime = 1_200_000;

export async function act(world: World): Promise<void> {
  const finished = await operators(world);
  // What stalls on a node may meet a fault after its operators are done.
  await world.pause(90_000);
  world.faults.end();
  await world.pause(restTime);
  // Once nothing fails any more, a resume ends what is open.
  finished.push(...(await resumeAll(world, 'A', 2)), ...(await resumeAll(world, 'B', 2)));
  await world.pause(restTime);
  checkRest(world);
  checkReports(world, finished);
  checkPlain(world, finished);
}

async function operators(world: World): Promise<Finished[]> {
  const { scenario, isLate } = world.setting;
  const shape = shapeOf(world, 1);
  switch (scenario) {
    case 'apply':
    case 'fleet':
      return applied(world, 'A', shape);
    case 'rollback': {
      if (isLate) world.faults.hold(true);
      const first = await applied(world, 'A', shape);
      world.faults.hold(false);
      return [...first, ...(await rolledBack(world))];
    }
    case 'second-operator': {
      const [first, second] = await Promise.all([
        applied(world, 'A', shape),
        world.pause(world.random.below(25_000)).then(() => rolledBack(world)),
      ]);
      return [...first, ...second];
    }
    case 'two-runs': {
      const [first, second] = await Promise.all([
        applied(world, 'A', shape),
        world.pause(world.random.below(12_000)).then(() => applied(world, 'B', shapeOf(world, 2))),
      ]);
      return [...first, ...second];
    }
  }
}

const shapeOf = ({ setting: { createsDropIn, changesMode, quality } }: World, number: number): ChangeShape => ({
  ...{ createsDropIn, changesMode, quality, number },
});

async function applied(world: World, place: string, shape: ChangeShape): Promise<Finished[]> {
  const verbs = {
    ...world.verbs,
    report(event: Parameters<World['verbs']['report']>[0]): void {
      if (event.event === 'run-started') world.shapes.set(event.run, shape);
      world.verbs.report(event);
    },
  };
  return ended(world, place, await applyVerb(place, shape, verbs));
}

async function rolledBack(world: World): Promise<Finished[]> {
  const [run] = world.shapes.keys();
  if (run === undefined) return [];
  world.isRollbackBegun = true;
  return ended(world, 'B', await rollbackVerb('B', run, world.verbs));
}

async function ended(world: World, place: string, end: VerbEnd): Promise<Finished[]> {
  const first = endOf(world, place, end);
  return [...first, ...(await resumeAll(world, place, 2))];
}

function endOf(world: World, place: string, end: VerbEnd): Finished[] {
  if ('died' in end) {
    world.tell(`the controller on ${place} is dead`);
    world.ends.push('died');
    return [];
  }
  if ('refused' in end) {
    world.tell(`the verb on ${place} does nothing: ${end.refused}`);
    world.ends.push('did nothing');
    return [];
  }
  const { result } = end;
  world.ends.push(...result.hosts.map(({ outcome }) => `${result.kind} ${outcome}`));
  checkExit(world, result);
  const isAlone = !['second-operator', 'two-runs'].includes(world.setting.scenario);
  if (isAlone) checkReports(world, [{ place, result }]);
  return [{ place, result }];
}

/** Resumes what did not end, as often as that. */
async function resumeAll(world: World, place: string, times: number): Promise<Finished[]> {
  const finished: Finished[] = [];
  if (world.setting.isAbandoned && !world.needsHelp) return finished;
  for (let time = 0; time < times; time += 1) {
    const record = await unfinishedOn(place);
    if (record === undefined) break;
    await world.pause(world.random.below(world.random.chance(0.5) ? 5000 : 300_000));
    world.tell(`${place} resumes ${record.run}`);
    finished.push(...endOf(world, place, await resumeVerb(place, record, world.verbs)));
  }
  return finished;
}

function reportsOf({ result }: Finished, { shapes }: World): (Report & { readonly host: string })[] {
  const kind = result.run.kind === 'rollback' ? 'rollback' : 'apply';
  const run = kind === 'rollback' ? (result.run.of ?? '') : result.run.id;
  const shape = shapes.get(run);
  if (shape === undefined) return [];
  return result.hosts.map(({ host, outcome }) => ({ kind, run, shape, outcome, host }));
}

/** The last word on each host and run must be true of it. */
function checkReports(world: World, finished: readonly Finished[]): void {
  const last = new Map<string, Report & { readonly host: string }>();
  for (const one of finished)
    for (const report of reportsOf(one, world))
      last.set(`${one.place} ${report.run} ${report.kind} ${report.host}`, report);
  const reports = [...last.values()];
  for (const report of reports) {
    const machine = world.machines.find(({ name }) => name === report.host);
    // A rollback, or one that did not end, took it back since.
    const isTakenBack = world.isRollbackBegun && report.kind === 'apply' && report.outcome === 'confirmed';
    const why = machine === undefined || isTakenBack ? undefined : lieOf(machine, report);
    if (why !== undefined) world.violate('journal', why);
  }
}

function checkExit(world: World, result: RunResult): void {
  const wrong = result.hosts.find(({ outcome }) => outcome !== 'confirmed' && outcome !== 'unchanged');
  if (exitCodeOf(result) === 0 && wrong !== undefined)
    world.violate('journal', `exit code 0, and ${wrong.host} ends as ${wrong.outcome}`);
}

function checkRest(world: World): void {
  for (const machine of world.machines) {
    const why = unrestIn(machine, world.shapes);
    if (why !== undefined) world.violate('rest', why);
  }
}

/** Without a fault nothing may be unknown, and nothing may fail. */
function checkPlain(world: World, finished: readonly Finished[]): void {
  const { scenario, quality } = world.setting;
  if (world.faults.came.length > 0 || scenario === 'second-operator' || scenario === 'two-runs') return;
  const [first] = finished;
  const outcomes = first?.result.hosts.map(({ outcome }) => outcome) ?? [];
  const wanted = quality === 'good' ? 'confirmed' : 'reverted';
  if (outcomes[0] !== wanted || (quality === 'good' && outcomes.some((one) => one !== wanted)))
    world.violate('plain', `the run ends as ${outcomes.join(', ')}, not ${wanted}`);
  for (const { disk, name } of world.machines) {
    const left = [...(disk.find('/etc/systemd/system')?.entries.keys() ?? [])].find((one) =>
      one.startsWith('kubelatch-'),
    );
    if (left !== undefined) world.violate('plain', `${left} is left on ${name}`);
  }
  const back = finished[1]?.result.hosts.map(({ outcome }) => outcome);
  const owners = world.machines.map(({ disk }) => ownerOf(filesOn(disk), []));
  if (scenario === 'rollback' && (back?.[0] !== 'confirmed' || owners[0] !== 'old'))
    world.violate('plain', `the rollback ends as ${String(back?.join(', '))}`);
}
