/** npm run test:faults: runs the cells of the fault matrix on several labs at once, tells each, and writes the report. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pLimit from 'p-limit';
import type { Result } from './cell.js';
import { type Lane, laneShapes, openLane } from './lanes.js';
import { type Cell, type LaneShape, nameOf } from './matrix.js';
import { type Options, readOptions, usage } from './options.js';
import { matrixMarks, median, pageWith, realMarks, reportText } from './report.js';
import { realReportText } from './report-real.js';
import { type KeptResult, type Origin, joined, readResults, stillGreen } from './results.js';

const sources = hashOfSources();
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`test:faults: ${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return 64;
  }
  if (options.list) {
    for (const cell of options.cells) say(nameOf(cell));
    return 0;
  }
  const { cells, kind, deadline } = options;
  const origin = { sources, kind, deadline };
  if (options.merge.length > 0) {
    let results: readonly Result[];
    try {
      results = joined(new Map(options.merge.map((file) => [file, readResults(file)])), cells, origin);
    } catch (error) {
      process.stderr.write(`test:faults: ${error instanceof Error ? error.message : String(error)}\n`);
      return 64;
    }
    conclude(results, options);
    return isGreen(results, cells) ? 0 : 1;
  }
  const earlier = options.after === undefined ? [] : stillGreen(readResults(options.after), cells, origin);
  const evidence = resolve('build/faults-evidence');
  rmSync(evidence, { recursive: true, force: true });
  mkdirSync(evidence, { recursive: true });
  const results = await runAll(options, origin, earlier, evidence);
  if (results.some(({ problems }) => problems.length > 0)) say(`evidence: ${evidence}`);
  conclude(results, options);
  return isGreen(results, cells) ? 0 : 1;
}

const isGreen = (results: readonly Result[], cells: readonly Cell[]): boolean =>
  results.length === cells.length && results.every(({ problems }) => problems.length === 0);

async function runAll(
  options: Options,
  origin: Origin,
  earlier: readonly KeptResult[],
  evidence: string,
): Promise<readonly Result[]> {
  const { cells, kind, deadline } = options;
  const results: KeptResult[] = [...earlier];
  const left = cells.filter((cell) => !earlier.some((result) => result.cell === cell));
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!stopping) say('stopping: cells under way are finished');
      stopping = true;
    });
  }
  const next = (lane: Lane): Cell | undefined => {
    const at = stopping ? -1 : left.findIndex((cell) => cell.node === lane.shape);
    return at < 0 ? undefined : left.splice(at, 1)[0];
  };
  // Those that mostly wait, first: at the end they would be waited for.
  left.sort((one, other) => Number(isLong(other)) - Number(isLong(one)));
  const shapes = laneShapes(Math.min(options.lanes, left.length), left);
  say(`${left.length} cells on ${shapes.length} labs (${kind}): ${shapes.join(' ')}`);
  // More at once take no less time, and disturb the cells that run already.
  const boot = pLimit(3);
  const busy: (LaneShape | undefined)[] = [...shapes];
  const lanes = shapes.map(async (first, index) => {
    for (let shape: LaneShape | undefined = first; shape !== undefined && !stopping; shape = neediest(left, busy)) {
      busy[index] = shape;
      const lane = await boot(() => openLane(shape, index, { kind, deadline, evidence }));
      try {
        for (let cell = next(lane); cell !== undefined; cell = next(lane)) {
          const result = { ...(await lane.run(cell)), ...origin };
          results.push(result);
          tell(result, results.length, options);
          writeFileSync(resolve(evidence, 'results.json'), JSON.stringify(results, undefined, 1));
        }
      } finally {
        await lane.end();
      }
      busy[index] = undefined;
    }
  });
  for (const outcome of await Promise.allSettled(lanes)) {
    if (outcome.status === 'rejected') say(`a lab failed: ${String(outcome.reason)}`);
  }
  return results;
}

const isLong = ({ fault }: Cell): boolean => fault === 'never-starts';

/** Cells that each lab of a shape should have left for one more to be worth its start. */
const worthwhile = 4;

/** The shape whose labs have the most left, where one more lab would help; `busy` are the labs' shapes now. */
function neediest(left: readonly Cell[], busy: readonly (LaneShape | undefined)[]): LaneShape | undefined {
  const shapes = [...new Set(left.map(({ node }) => node))];
  const labs = (shape: LaneShape): number => busy.filter((one) => one === shape).length;
  const share = (shape: LaneShape): number => left.filter(({ node }) => node === shape).length / (labs(shape) + 1);
  const needy = shapes.filter((shape) => labs(shape) === 0 || share(shape) >= worthwhile);
  return needy.toSorted((one, other) => share(other) - share(one))[0];
}

/** Changes with any file of the tool or of this harness. */
function hashOfSources(): string {
  const hash = createHash('sha256');
  for (const folder of ['dist', 'build/faults', 'test/lab', 'playbooks']) {
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    for (const name of names.sort()) hash.update(`${name}\0`).update(readFileSync(name));
  }
  return hash.digest('hex').slice(0, 16);
}

function tell(result: Result, done: number, { cells, real }: Options): void {
  const { name, problems, said, files, revertTook, took } = result;
  const word = problems.length === 0 ? 'green' : 'RED  ';
  const revert = revertTook === undefined ? '' : `, old again after ${revertTook.toFixed(1)} s`;
  say(`${String(done).padStart(4)}/${cells.length} ${word} ${name}: ${said}, ${files}${revert} (${took.toFixed(0)} s)`);
  for (const problem of problems) say(`          ${problem}`);
  if (problems.length > 0) say(`          repeat: npm run test:faults -- ${real ? '--real ' : ''}--only ${name}`);
}

function conclude(results: readonly Result[], options: Options): void {
  const red = results.filter(({ problems }) => problems.length > 0);
  const took = results.flatMap(({ cell, revertTook }) =>
    (cell.fault === 'controller-killed' || cell.fault === 'ssh-cut') && revertTook !== undefined ? [revertTook] : [],
  );
  if (took.length > 0) {
    const [middle, most] = [median(took) ?? 0, Math.max(...took)].map((one) => one.toFixed(1));
    say(`time from the loss of the controller to the old configuration: median ${middle ?? ''} s, max ${most ?? ''} s`);
  }
  const skipped = options.cells.length - results.length;
  if (options.report !== undefined && skipped > 0 && !options.reportsPart) {
    say(`not written: ${options.report}, which only a whole run writes (--report FILE reports a part)`);
  } else if (options.report !== undefined) {
    const date = new Date().toISOString().slice(0, 10);
    const isJoined = options.after !== undefined || options.merge.length > 0;
    const text = options.real ? realReportText : reportText;
    const part = text(results, { ...options, date, joined: isJoined });
    const page = existsSync(options.report) ? readFileSync(options.report, 'utf8') : '';
    writeFileSync(options.report, pageWith(page, part, options.real ? realMarks : matrixMarks));
    say(`written: ${options.report}`);
  }
  say(
    `fault matrix: ${results.length - red.length} passed, ${red.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
  );
}

process.exitCode = await main();
