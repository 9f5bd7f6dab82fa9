import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineTask } from '../../src/tasks/index.js';
import { soon } from '../support/soon.js';
import { setUp } from './fixture.js';

const DAY_MS = 86_400_000;

it('timeouts of every length end their own attempts, each at its time, on one timer', async () => {
  const { executor, make, until, clock } = await setUp(
    [defineTask({ type: 'a', input: z.any(), run: () => new Promise<null>(() => {}) })],
    { leaseMs: 12 * 3_600_000 },
  );
  const timeouts = [9_000, 3_000, 3_000, 6_000, 30 * DAY_MS];
  const ids = await Promise.all(
    timeouts.map((timeout) => make({ type: 'a', timeout, maxAttempts: 1 })),
  );
  executor.start();
  for (const id of ids) await until(id, 'in_progress');
  // Its own sleep, the heartbeat, and one for all timeouts.
  await soon(() => expect(clock.sleepers).toBe(3));
  for (const endsAt of [3_000, 6_000, 9_000]) {
    await clock.advance(2_999);
    for (const [at, id] of ids.entries()) {
      const isOver = (timeouts[at] ?? 0) < endsAt;
      await until(id, isOver ? 'failed' : 'in_progress');
    }
    await clock.advance(1);
    for (const [at, id] of ids.entries()) {
      if (timeouts[at] === endsAt) {
        expect(await until(id, 'failed')).toMatchObject({ error: { code: 'attempt-timeout' } });
      }
    }
  }
  await until(ids[4] ?? '', 'in_progress');
});
