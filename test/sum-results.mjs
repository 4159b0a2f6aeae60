// Adds up what vitest left in a folder of JSON results and prints it as one line; exit 1 when a test failed or none ran.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? '.';
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const name of readdirSync(folder).filter((one) => one.endsWith('.json'))) {
  const run = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  sum.passed += run.numPassedTests;
  sum.skipped += run.numPendingTests + run.numTodoTests;
  // A file that cannot even be loaded has no tests that could fail.
  const broken = run.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  sum.failed += run.numFailedTests + broken.length;
}
if (sum.skipped > 0) console.log(`${sum.skipped} skipped`);
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exit(sum.failed > 0 || sum.passed === 0 ? 1 : 0);
