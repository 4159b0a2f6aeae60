/** npm run test:model: explores every world, or with --seeded-bugs finds each seeded bug; --write writes docs/proof.md after both. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Bug, bugs } from './bugs.js';
import { page, pageWith } from './page.js';
import { type Run, findBug, runScope } from './run.js';
import { scopes } from './scopes.js';

const options = ['--seeded-bugs', '--write'];
const say = (text: string): void => void process.stdout.write(`${text}\n`);

function main(given: readonly string[]): number {
  const wrong = given.find((one) => !options.includes(one));
  if (wrong !== undefined) {
    process.stderr.write(`test:model: ${wrong} is not an option; there are ${options.join(' and ')}\n`);
    return 64;
  }
  const writes = given.includes('--write');
  const seeds = given.includes('--seeded-bugs');
  const runs = seeds && !writes ? [] : explored();
  const found = seeds || writes ? seeded() : new Map<Bug, Run>();
  const isRight = runs.every(({ violation }) => violation === undefined);
  const isComplete = !(seeds || writes) || found.size === Object.keys(bugs).length;
  if (isRight && isComplete && writes) {
    const path = 'docs/proof.md';
    const date = new Date().toISOString().slice(0, 10);
    writeFileSync(path, pageWith(readFileSync(path, 'utf8'), page(runs, found, date)));
    say(`${path} is written`);
  }
  return isRight && isComplete ? 0 : 1;
}

function explored(): readonly Run[] {
  const runs = scopes.map((scope) => {
    const run = runScope(scope);
    const { states, transitions, depth, ends, seconds, violation } = run;
    const figures = `${states} states, ${transitions} transitions, depth ${depth}, ${ends} ends, ${seconds.toFixed(1)} s`;
    say(`${violation === undefined ? 'ok    ' : 'FAILED'} ${scope.name}: ${scope.about}: ${figures}`);
    if (violation !== undefined) tell(run);
    return run;
  });
  const sum = (of: (run: Run) => number): number => runs.reduce((total, run) => total + of(run), 0);
  say(`${sum(({ states }) => states)} states in ${sum(({ seconds }) => seconds).toFixed(1)} s of one processor`);
  return runs;
}

function seeded(): ReadonlyMap<Bug, Run> {
  const found = new Map<Bug, Run>();
  for (const bug of Object.keys(bugs) as Bug[]) {
    const run = findBug(bug);
    const isFound = run.violation !== undefined;
    say(`${isFound ? 'found ' : 'MISSED'} ${bug}: ${bugs[bug]}`);
    if (isFound) found.set(bug, run);
    tell(run);
  }
  say(`${found.size} of ${Object.keys(bugs).length} seeded bugs found`);
  return found;
}

function tell({ violation, trace, scope }: Run): void {
  if (violation === undefined) return;
  say(`  violates ${violation.invariant}: ${violation.why}; world ${scope.name}, ${trace.length} steps:`);
  for (const [index, step] of trace.entries()) say(`  ${String(index + 1).padStart(3)} ${step}`);
}

process.exitCode = main(process.argv.slice(2));
