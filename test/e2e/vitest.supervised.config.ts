/** How the scenarios on k3s and RKE2 nodes are run: on a lab of their own, one after the other. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/e2e/supervised-*.e2e.ts'],
    globalSetup: ['test/e2e/supervised-lab-up.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 900_000,
    reporters: ['verbose'],
  },
});
