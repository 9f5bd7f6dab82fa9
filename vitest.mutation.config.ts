import { defineConfig } from 'vitest/config';
import stryker from './stryker.config.json' with { type: 'json' };

/** For `npm run mutate`: the tests that stand beside the modules it mutates, and no others. */
export default defineConfig({
  test: {
    environment: 'node',
    include: stryker.mutate.map((file) => file.replace(/\.ts$/, '.test.ts')),
    // Of a mutant that waits for ever: a loop without end is Stryker's to stop, at far greater cost.
    testTimeout: 5_000,
  },
});
