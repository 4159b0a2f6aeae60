/** How the tests without the lab are run: the quick ones with every `npm run check`, the slow ones with `npm run test:slow`. */
import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** The only list of what is slow. All of it runs with `npm run test:slow`. */
const slow = [
  // Hosts that hang, and thousands of random cases.
  'test/hostile/**/*.test.ts',
  'test/**/*.fuzz.test.ts',
  'test/**/*.property.test.ts',
  'test/distros/editable-files.test.ts',
  // How much computing megabytes of hostile text cost.
  'test/facts/hostile-text.test.ts',
  'test/**/*-cost.test.ts',
  // The transaction, the probe and requests for certificates, each test under three shells or four.
  'test/shell/{txn*,states,probe,packet-filter,hostile-process,serving}.test.ts',
  // Sixty hosts at once, behind a real sshd and on one.
  'test/ssh/bastion-fleet.test.ts',
  // Hundreds of shells.
  'test/node/quote.test.ts',
  // Every -o of every verb, which need modules and streams of their own; real shells and terminals.
  'test/cli/{completion-shells,every-output,terminal}.test.ts',
  // Every state of the model, and the same steps by the real program.
  'test/model/{whole,conformance}.test.ts',
  // Hundreds of simulated histories; the simulated shell beside a real one.
  'test/histories/{histories,conformance}.test.ts',
  // Every form that a secret can have, in every report.
  'test/secrets/canary.test.ts',
  // Pages in a real Chromium, and the whole site built before.
  'test/report/html.test.ts',
  'test/docs/site.test.ts',
  // Dozens of starts of the built program, half a second of a processor each, or of the lab's small cluster.
  'test/cli/{baseline,bundle,documented,examples,help,init,input-files,plan-file,report,resume,packed,screens,streams,windows}.test.ts',
  'test/lab-standin.test.ts',
  // Every edit on every shape of k3s and RKE2; worker threads that are ended.
  'test/distros/supervised-edits.test.ts',
  'test/pipeline/examiner.test.ts',
  // Terminals on which somebody types.
  'test/terminal/guided-session.test.ts',
];

const root = new URL('..', import.meta.url).pathname;
/** Files that put something else in the place of a module: each needs modules of its own. */
const mocking = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name))
  .filter((name) => name.endsWith('.test.ts') && readFileSync(join(root, name), 'utf8').includes('vi.mock('));
const elsewhere = ['test/e2e/**', ...slow];

export default defineConfig({
  test: {
    root,
    // Many tests wait for a shell or an sshd: two at once for each core take two thirds of the time.
    maxWorkers: 2 * availableParallelism(),
    projects: [
      {
        extends: true,
        // A worker loads the sources once, and not once for each file: that was half of its time.
        test: { name: 'quick', include: ['test/**/*.test.ts'], exclude: [...elsewhere, ...mocking], isolate: false },
      },
      { extends: true, test: { name: 'quick-mocks', include: mocking, exclude: elsewhere } },
      // Some start the program dozens of times in one test, beside labs: a timeout is for what hangs.
      { extends: true, test: { name: 'slow', include: slow, testTimeout: 900_000, hookTimeout: 300_000 } },
    ],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    slowTestThreshold: 5_000,
  },
});
