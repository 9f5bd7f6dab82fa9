import { uuidv7 } from 'uuidv7';
import { expect, test } from 'vitest';
import { migrate } from '../../src/db/index.js';
import { LIMITS, PromiseStore, promiseMigrations } from '../../src/promises/index.js';
import { openFresh } from '../db/topologies.js';

test('figures read no more rows of ten times as many promises, by the count of the server', async () => {
  const database = await openFresh('remote');
  await migrate(database, promiseMigrations);
  const store = new PromiseStore(database);
  const make = async (count: number) => {
    for (let made = 0; made < count; made += LIMITS.setSizeMax) {
      const set = Array.from({ length: LIMITS.setSizeMax }, (_, at) => ({
        id: uuidv7(),
        type: `type-${at % 3}`,
        priority: 1 + (at % 10),
        payload: null,
      }));
      await store.enqueue(set as never);
    }
  };
  const rowsRead = async () => {
    const before = database.telemetry().labels['promises.line-figures']?.rowsRead ?? 0;
    const figures = await store.lineFigures(5_000);
    expect(figures).toHaveLength(3);
    for (const { oldestReadyAgeMs } of figures) expect(oldestReadyAgeMs).toBeGreaterThanOrEqual(0);
    return (database.telemetry().labels['promises.line-figures']?.rowsRead ?? 0) - before;
  };
  await make(2_000);
  const few = await rowsRead();
  expect(few).toBeLessThanOrEqual(100);
  await make(20_000);
  expect(await rowsRead()).toBe(few);
});
