// Adds up what vitest left in a folder of JSON results, one file a suite: the tests that failed, with the first lines of why, the time
// of each suite, the ten slowest test files, and one line of sums. Exit 1 when a test failed or none ran.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

const folder = process.argv[2] ?? '.';
const most = 10;
const sum = { passed: 0, failed: 0, skipped: 0 };
const suites = [];
const files = [];
const isOurs = (line) => !line.includes('/node_modules/');
const reason = (messages) => messages.join('\n').split('\n').filter(isOurs).slice(0, 12).join('\n    ');
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1).padStart(7)} s`;
const table = (title, rows) => {
  if (rows.length > 0) console.log(`\n${title}`);
  for (const { name, took, more } of rows) console.log(`${seconds(took)}  ${name}${more ?? ''}`);
};

for (const name of readdirSync(folder).filter((one) => one.endsWith('.json'))) {
  const run = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  sum.passed += run.numPassedTests;
  sum.skipped += run.numPendingTests + run.numTodoTests;
  // A file that cannot be loaded has no tests that could fail; a hook that fails skips those that wait for it.
  const broken = run.testResults.filter(
    (file) =>
      file.message !== '' ||
      (file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')),
  );
  sum.failed += run.numFailedTests + broken.length;
  for (const file of broken) console.log(`\nFAILED ${relative('.', file.name)}\n    ${reason([file.message])}`);
  const tests = run.testResults.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })));
  for (const test of tests.filter((one) => one.status === 'failed')) {
    console.log(`\nFAILED ${relative('.', test.file)} > ${test.fullName}\n    ${reason(test.failureMessages)}`);
  }
  const end = Math.max(run.startTime, ...run.testResults.map((file) => file.endTime ?? 0));
  suites.push({
    name: name.slice(0, -'.json'.length),
    took: end - run.startTime,
    more: `: ${tests.length} tests in ${run.testResults.length} files`,
  });
  for (const file of run.testResults) {
    files.push({ name: relative('.', file.name), took: file.endTime - file.startTime });
  }
}
const bySlowness = (one, other) => other.took - one.took;
table('Suites', suites.sort(bySlowness));
table(`The ${most} slowest test files`, files.sort(bySlowness).slice(0, most));
console.log('');
if (sum.skipped > 0) console.log(`${sum.skipped} skipped`);
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exit(sum.failed > 0 || sum.passed === 0 ? 1 : 0);
