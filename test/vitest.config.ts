/** How the tests without the lab are run. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**'],
    // Many tests wait for a shell or an sshd: two at once are faster even where there is one core.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 20_000,
    slowTestThreshold: 5_000,
  },
});
