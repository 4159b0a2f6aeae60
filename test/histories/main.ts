/**
 * npm run test:histories: plays histories from `--seed N`, `--count M` of them; `--seeded-bugs` finds each seeded bug, `--bug NAME`
 * plays them with one; `--write` plays them, finds the bugs and writes docs/proof.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { type Bug, bugs, focusOf } from './bugs.js';
import { play } from './history.js';
import { type Found, page, pageWith } from './page.js';
import type { Failure, Tally } from './run.js';
import { drawSetting } from './setting.js';
import { beWorker, playAll, seedBug } from './workers.js';

// Loops and functions of the shell are left by exceptions.
Error.stackTraceLimit = 0;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const threads = Math.max(1, Math.min(8, availableParallelism()));
/** Histories in which a seeded bug must be found. */
const bugLimit = 1000;

interface Options {
  seed: number;
  count: number;
  bug: Bug | undefined;
  seeds: boolean;
  writes: boolean;
}

/** Undefined for options that there are not. */
function parsed(given: readonly string[]): Options | undefined {
  const options: Options = { seed: 1, count: 500, bug: undefined, seeds: false, writes: false };
  for (let at = 0; at < given.length; at += 1) {
    const [word, value = ''] = [given[at], given[at + 1]];
    if (word === '--seeded-bugs') options.seeds = true;
    else if (word === '--write') options.writes = true;
    else {
      at += 1;
      if (word === '--bug' && value in bugs) options.bug = value as Bug;
      else if ((word === '--seed' || word === '--count') && /^[0-9]{1,9}$/.test(value))
        options[word === '--seed' ? 'seed' : 'count'] = Number(value);
      else return undefined;
    }
  }
  return options;
}

async function main(given: readonly string[]): Promise<number> {
  const options = parsed(given);
  if (options === undefined) {
    process.stderr.write(
      'usage: npm run test:histories -- [--seed N] [--count M] [--bug NAME | --seeded-bugs | --write]\n',
    );
    return 64;
  }
  const { writes, seeds, count } = options;
  if (count === 1) return tellOne(options);
  const began = process.cpuUsage();
  const tally = seeds && !writes ? undefined : await playAll(options, threads, tellProgress(count));
  const { user, system } = process.cpuUsage(began);
  const seconds = (user + system) / 1e6;
  if (tally !== undefined) tellTally(tally, seconds);
  const isRight = tally === undefined || tally.failures.length === 0;
  if (!isRight || !(seeds || writes)) return isRight ? 0 : 1;
  const found = await findBugs();
  const isComplete = found.length === Object.keys(bugs).length;
  if (writes && tally !== undefined) {
    const path = 'docs/proof.md';
    const date = new Date().toISOString().slice(0, 10);
    writeFileSync(
      path,
      pageWith(readFileSync(path, 'utf8'), page({ tally, found, seconds, seed: options.seed, date })),
    );
    say(`${path} is written`);
  }
  return isComplete ? 0 : 1;
}

/** One history, with all that happens in it. */
async function tellOne({ seed, bug }: Options): Promise<number> {
  seedBug(bug);
  const { told, violation } = await play(drawSetting(seed, bug === undefined ? undefined : focusOf(bug)));
  for (const line of told) say(line);
  return violation === undefined ? 0 : 1;
}

function tellProgress(count: number): (tally: Tally) => void {
  let last = 0;
  return ({ histories, failures }) => {
    if (histories < count && histories - last < 1000) return;
    last = histories;
    say(`${histories} of ${count} histories, ${failures.length} violations`);
  };
}

function tellTally({ histories, failures, commands, took, faults, ends }: Tally, seconds: number): void {
  for (const failure of failures.slice(0, 5)) tellFailure(failure);
  const came = Object.values(faults).reduce((sum, one) => sum + one, 0);
  const hours = (took / 3_600_000).toFixed(0);
  say(
    `${histories} histories, ${failures.length} violations; ${commands} commands, ${came} faults, ${hours} virtual hours`,
  );
  say(`${seconds.toFixed(0)} s of a processor, ${((seconds * 1000) / histories).toFixed(0)} ms a history`);
  say(
    Object.entries(ends)
      .sort()
      .map(([end, times]) => `${times} ${end}`)
      .join(', '),
  );
}

function tellFailure({ seed, violation, told }: Failure): void {
  say(`seed ${seed} violates ${violation.invariant}: ${violation.why}; shortened:`);
  for (const line of told) say(`  ${line}`);
}

async function findBugs(): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const bug of Object.keys(bugs) as Bug[]) {
    const { failures, histories } = await playAll({ seed: 1, count: bugLimit, bug, untilFound: true }, threads);
    const [failure] = failures;
    say(`${failure === undefined ? 'MISSED' : 'found '} ${bug} (${histories} histories): ${bugs[bug].about}`);
    if (failure === undefined) continue;
    tellFailure(failure);
    found.push({ bug, failure });
  }
  say(`${found.length} of ${Object.keys(bugs).length} seeded bugs found`);
  return found;
}

if (isMainThread) process.exitCode = await main(process.argv.slice(2));
else beWorker();
