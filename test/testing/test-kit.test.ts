import { existsSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { HoldfastError } from '../../src/core/index.js';
import { newSchedule } from '../../src/promises/index.js';
import { defineTask, snooze } from '../../src/tasks/index.js';
import {
  createTestHoldfast,
  type TestHoldfastOptions,
  VirtualClock,
} from '../../src/testing/index.js';

const HOUR = 3_600_000;

const greet = defineTask({
  type: 'greet',
  input: z.object({ name: z.string() }),
  run: ({ name }) => ({ greeting: `Hello, ${name}` }),
});

async function open(options: TestHoldfastOptions = {}) {
  const holdfast = await createTestHoldfast({ tasks: [greet], ...options });
  onTestFinished(() => holdfast.close());
  return holdfast;
}

describe('the test kit', () => {
  it('refuses what a task would refuse, and what is no duration', async () => {
    const holdfast = await open();
    await expect(holdfast.enqueue('greet', { name: 1 })).rejects.toMatchObject({
      code: 'input-invalid',
    });
    await expect(holdfast.advance('soon')).rejects.toThrow('soon');
    await expect(holdfast.get('nonsense')).rejects.toMatchObject({ code: 'not-found' });
  });

  it.each(['memory', 'file'])(
    'runs nothing by itself, and all that is due when told to: %s',
    async (database) => {
      const holdfast = await open({ database });
      const made = await holdfast.enqueue(greet, { name: 'Ada' });
      const later = await holdfast.enqueue(greet, { name: 'Grace' }, { delay: '1h' });
      expect((await holdfast.get(made.id)).status).toBe('pending');
      await holdfast.runUntilIdle();
      expect(await holdfast.get(made.id)).toMatchObject({
        status: 'completed',
        result: { greeting: 'Hello, Ada' },
      });
      expect((await holdfast.get(later.id)).status).toBe('pending');
      expect(holdfast.clock.monotonic()).toBe(0);
    },
  );

  it('keeps a promise in the call that makes it, inline', async () => {
    const holdfast = await open({ inline: true });
    expect(await holdfast.enqueue(greet, { name: 'Ada' })).toMatchObject({ status: 'completed' });
    const { promise } = await greet.enqueue({ name: 'Grace' });
    expect(promise).toMatchObject({ status: 'completed', result: { greeting: 'Hello, Grace' } });
    const later = await holdfast.enqueue(greet, { name: 'Alan' }, { delay: '1s' });
    expect(later.status).toBe('pending');
  });

  it('lets each thing happen at its time', async () => {
    const times: number[] = [];
    const flaky = defineTask({
      type: 'flaky',
      input: z.any(),
      run: (_input, { attempt }) => {
        times.push(holdfast.clock.monotonic());
        if (attempt < 3) throw new Error('not yet');
        return null;
      },
    });
    const holdfast = await open({ tasks: [flaky] });
    const backoff = { kind: 'fixed', delay: '10m' } as const;
    const { id } = await holdfast.enqueue('flaky', null, { delay: '1h', backoff });
    await holdfast.advance('1h');
    expect((await holdfast.get(id)).status).toBe('pending');
    await holdfast.advance('20m');
    expect((await holdfast.get(id)).status).toBe('completed');
    expect(times).toEqual([HOUR, HOUR + 600_000, HOUR + 1_200_000]);
    expect(holdfast.clock.monotonic()).toBe(HOUR + 1_200_000);
  });

  it('fires schedules, over a change of the clocks too', async () => {
    const holdfast = await open({ startAt: Date.parse('2026-10-24T00:00:00Z') });
    await holdfast.schedules.create(
      newSchedule.parse({
        name: 'morning',
        cron: '0 9 * * *',
        timezone: 'Europe/Berlin',
        promise: { type: 'greet', payload: { name: 'world' } },
      }),
    );
    await holdfast.advance('3d');
    const { promises } = await holdfast.store.list({ limit: 10 });
    const kept = promises.map((one) => [one.status, new Date(one.runAt).toISOString()]).reverse();
    expect(kept).toEqual([
      ['completed', '2026-10-24T07:00:00.000Z'],
      ['completed', '2026-10-25T08:00:00.000Z'],
      ['completed', '2026-10-26T08:00:00.000Z'],
    ]);
  });

  it('waits until a promise is settled, however long that takes', async () => {
    let tries = 0;
    const patient = defineTask({
      type: 'patient',
      input: z.any(),
      run: () => {
        tries += 1;
        return tries < 4 ? snooze(24 * HOUR) : 'at last';
      },
    });
    const holdfast = await open({ tasks: [patient] });
    const { id } = await holdfast.enqueue('patient', null);
    expect(await holdfast.settled(id)).toMatchObject({ result: 'at last' });
    expect(holdfast.clock.monotonic()).toBe(72 * HOUR);
    const foreign = await holdfast.enqueue('of-others', null);
    await expect(holdfast.settled(foreign.id)).rejects.toThrow('not settled');
  });

  it('lets the timeout of a run that hangs come', async () => {
    const stuck = defineTask({
      type: 'stuck',
      input: z.any(),
      run: (_input, { signal }) =>
        new Promise<null>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    });
    const holdfast = await open({ tasks: [stuck] });
    const options = { timeout: '5s', maxAttempts: 1 } as const;
    const { id } = await holdfast.enqueue('stuck', null, options);
    const run = holdfast.runUntilIdle();
    await holdfast.clock.slept();
    await holdfast.clock.advance(5_000);
    await run;
    expect(await holdfast.get(id)).toMatchObject({
      status: 'failed',
      error: { code: 'attempt-timeout' },
    });
  });

  it('removes its file when it is closed', async () => {
    const holdfast = await createTestHoldfast({ database: 'file' });
    await holdfast.enqueue('x', null);
    const [found] = await holdfast.database.read([{ sql: 'PRAGMA database_list' }]);
    const path = String(found?.rows[0]?.file);
    expect(existsSync(path)).toBe(true);
    await holdfast.close();
    expect(existsSync(path)).toBe(false);
  });
});

describe('injected faults', () => {
  it.each(['drop-request', 'drop-answer', 'busy', 'slow'] as const)(
    'a promise is kept once, whichever call is hit by %s',
    async (kind) => {
      let runs = 0;
      const once = defineTask({
        type: 'once',
        input: z.any(),
        run: () => {
          runs += 1;
          return runs;
        },
      });
      const labels = ['promises.claim', 'promises.settle', 'promises.look', 'promises.next-wake'];
      for (const on of labels) {
        runs = 0;
        const holdfast = await open({ tasks: [once] });
        const { id } = await holdfast.enqueue('once', null);
        holdfast.database.inject({ kind, on, ms: 200 });
        expect(await holdfast.settled(id)).toMatchObject({ status: 'completed', result: 1 });
        expect([on, runs]).toEqual([on, 1]);
      }
    },
  );

  it('tells a lost answer of what may not be sent again from one that may', async () => {
    const holdfast = await open();
    const { database } = holdfast;
    await database.write([{ sql: 'CREATE TABLE seen (n INTEGER)' }]);
    const insert = [{ sql: 'INSERT INTO seen VALUES (1)' }];
    database.inject({ kind: 'drop-answer', call: 'write', times: 2 });
    await expect(database.write(insert)).rejects.toMatchObject({ code: 'commit-unknown' });
    await database.write(insert, { idempotent: true });
    const [rows] = await database.read([{ sql: 'SELECT count(*) AS n FROM seen' }]);
    expect(rows?.rows[0]?.n).toBe(3);
    expect(database.seen.map((one) => one.kind)).toEqual(['drop-answer', 'drop-answer']);
  });

  it('hit only what they are meant for, as often as asked, until they are taken back', async () => {
    const { database } = await open();
    const look = [{ sql: 'SELECT 1 AS one' }];
    const takeBack = database.inject({ kind: 'busy', on: /^a\./, times: 2 });
    await database.read(look, { label: 'b.look' });
    await expect(database.read(look, { label: 'a.look' })).rejects.toBeInstanceOf(HoldfastError);
    takeBack();
    await database.read(look, { label: 'a.look' });
    database.inject({ kind: 'drop-request', call: 'transaction' });
    await database.read(look);
    await expect(database.transaction(async () => {})).rejects.toMatchObject({
      code: 'database-unavailable',
    });
    await database.transaction(async () => {});
    database.inject({ kind: 'busy' });
    database.clear();
    await database.read(look);
  });
});

describe('the virtual clock', () => {
  it('jumps without waking anybody, as a clock that is put right does', async () => {
    const clock = new VirtualClock(1_000);
    let isAwake = false;
    void clock.sleep(100).then(() => {
      isAwake = true;
    });
    clock.jump(-500);
    expect([clock.now(), clock.monotonic(), clock.wakesInMs]).toEqual([500, 0, 100]);
    await clock.advance(99);
    expect(isAwake).toBe(false);
    await clock.advance(1);
    expect([isAwake, clock.now(), clock.monotonic()]).toEqual([true, 600, 100]);
  });
});
