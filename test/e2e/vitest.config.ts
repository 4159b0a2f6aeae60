/** How the scenarios on the lab are run: one after the other, each test told as it ends. */
import { defineConfig } from 'vitest/config';
import { BySeconds } from './sequencer.js';

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/e2e/**/*.e2e.ts'],
    // They need other nodes: vitest.supervised.config.ts.
    exclude: ['test/e2e/supervised-*.e2e.ts'],
    globalSetup: ['test/e2e/lab-up.ts'],
    sequence: { sequencer: BySeconds },
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 900_000,
    reporters: ['verbose'],
  },
});
