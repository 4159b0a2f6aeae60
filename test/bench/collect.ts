/** Collects the figures of one run: tries each program, then lets all run in turn, then counts the rest. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { apiLoad } from './api-load.js';
import type { Figures, Grown, Measured } from './figures.js';
import { openCountingHost } from './counting-host.js';
import { type Taken, measure, runProgram } from './measure.js';
import type { Options } from './options.js';
import type { Rig } from './rig.js';
import { turned } from './statistics.js';
import { type Subject, kubelatch, subjects, versionOf } from './subjects.js';

type Say = (text: string) => void;
type Missing = Figures['missing'][number];
interface Run {
  readonly rig: Rig;
  readonly options: Options;
  readonly say: Say;
}

/** Starts of --help and of an empty program. */
const starts = 15;
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Throws where kubelatch or the floor fails. `say` gets a line for each step. */
export async function collect(rig: Rig, options: Options, say: Say): Promise<Figures> {
  const missing: Missing[] = [];
  const ready: Omit<Measured, 'rounds'>[] = [];
  for (const subject of chosen(options)) {
    const tried = await tryOne(rig, subject);
    if ('why' in tried) missing.push({ name: subject.name, why: tried.why });
    else ready.push(tried);
    say('why' in tried ? `MISSING ${subject.name}: ${tried.why}` : `ready   ${subject.name} (${tried.version})`);
  }
  const names = ready.map(({ name }) => name);
  const rounds = await allRounds({ rig, options, say }, names, missing);
  const { hosts, parallel, kind, rounds: number, command } = options;
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  return {
    ...{ version, hosts, parallel, kind, command, rounds: number, missing, cores: availableParallelism() },
    date: new Date().toISOString().slice(0, 10),
    measured: ready.flatMap((one) => {
      const own = rounds.get(one.name);
      return own === undefined ? [] : [{ ...one, rounds: own }];
    }),
    growth: await growthOf({ rig, options, say }, missing),
    api: await apiOf({ rig, options, say }, missing),
    started: await rig.trace(),
    ...(await startTimes(rig)),
  };
}

/** Without them there is nothing to compare. */
const isNeeded = ({ kind }: Subject): boolean => kind === 'kubelatch' || kind === 'floor';

/** Those that were asked for; kubelatch and the floor always. */
const chosen = ({ only }: Options): readonly Subject[] =>
  subjects.filter((one) => isNeeded(one) || (only?.includes(one.name) ?? true));

/** One host, to see whether the program works at all, and how it talks to the host. */
async function tryOne(rig: Rig, subject: Subject): Promise<Omit<Measured, 'rounds'> | { readonly why: string }> {
  const { name, kind, about } = subject;
  const version = versionOf(subject);
  if (version === undefined) return { why: 'it is not installed; npm run bench -- --setup installs it' };
  try {
    if (kind === 'mitogen') rig.addPython();
    return { name, kind, about, version, exchange: await exchangeWith(rig, subject) };
  } catch (error) {
    if (isNeeded(subject)) throw new Error(`${name}: ${reasonOf(error)}`, { cause: error });
    return { why: reasonOf(error) };
  }
}

/** Ansible asks for more than the counting host gives, such as sftp. */
async function exchangeWith(rig: Rig, subject: Subject): Promise<Measured['exchange']> {
  const single = { hosts: 1, parallel: 1 };
  if (subject.kind === 'ansible' || subject.kind === 'mitogen') {
    await measure(subject, rig.fleet(single));
    return undefined;
  }
  const host = await openCountingHost(rig.node);
  try {
    return await host.exchange(() => measure(subject, rig.fleet({ ...single, elsewhere: host })));
  } finally {
    host.close();
  }
}

type Round = Measured['rounds'][number];

/** In turn. A peer that fails is left out from then on, and `missing` says why. */
async function allRounds(
  run: Run,
  names: readonly string[],
  missing: Missing[],
): Promise<ReadonlyMap<string, readonly Round[]>> {
  const rounds = new Map<string, Round[]>(names.map((name) => [name, []]));
  for (let round = 0; round < run.options.rounds; round += 1) {
    const inTurn = turned(
      subjects.filter(({ name }) => names.includes(name)),
      round,
    );
    for (const subject of inTurn.filter(({ name }) => rounds.has(name))) {
      const { name } = subject;
      try {
        rounds.get(name)?.push(await oneRound(run, subject));
      } catch (error) {
        if (isNeeded(subject)) throw error;
        rounds.delete(name);
        missing.push({ name, why: `in round ${round + 1} ${reasonOf(error)}` });
        run.say(`MISSING ${name}: ${reasonOf(error)}`);
      }
    }
  }
  return rounds;
}

const told = ({ wall, cpu, peak }: Taken): string =>
  `${wall.toFixed(1)} s, CPU ${cpu.toFixed(1)} s, ${peak.toFixed(0)} MiB`;

async function oneRound({ rig, options, say }: Run, subject: Subject): Promise<Round> {
  const fleet = rig.fleet(options);
  await rig.traffic();
  const taken = await measure(subject, fleet);
  say(`${subject.name}: ${told(taken)}`);
  return { ...taken, ...(await rig.traffic()) };
}

/** A fleet that does not answer in full is told in `missing`. */
async function growthOf({ rig, options, say }: Run, missing: Missing[]): Promise<Figures['growth']> {
  const figures: Grown[] = [];
  for (const hosts of options.growth) {
    try {
      const taken = await measure(kubelatch, rig.fleet({ hosts, parallel: options.parallel, canned: true }));
      figures.push({ hosts, ...taken });
      say(`${hosts} hosts: ${told(taken)}`);
    } catch (error) {
      missing.push({ name: `growth to ${hosts} hosts`, why: reasonOf(error) });
      say(`MISSING ${hosts} hosts: ${reasonOf(error)}`);
    }
  }
  return figures;
}

/** A generated cluster that could not be asked is told in `missing`. */
async function apiOf({ rig, options, say }: Run, missing: Missing[]): Promise<Figures['api']> {
  try {
    const loads = await apiLoad(rig, options.parallel);
    for (const { what, calls, bytes } of loads) say(`API server, ${what}: ${calls} calls, ${bytes} bytes`);
    return loads;
  } catch (error) {
    missing.push({ name: 'the API server', why: reasonOf(error) });
    say(`MISSING the API server: ${reasonOf(error)}`);
    return [];
  }
}

async function startTimes(rig: Rig): Promise<Pick<Figures, 'help' | 'emptyNode'>> {
  const { folder } = rig.fleet({ hosts: 1, parallel: 1 });
  const once = async (...args: readonly string[]): Promise<number> =>
    (await runProgram({ program: process.execPath, args }, folder, 60)).wall;
  const [help, emptyNode]: [number[], number[]] = [[], []];
  for (let start = 0; start < starts; start += 1) {
    help.push(await once(resolve('dist/main.js'), '--help'));
    emptyNode.push(await once('-e', '0'));
  }
  return { help, emptyNode };
}
