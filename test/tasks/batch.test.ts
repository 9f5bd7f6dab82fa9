import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cancel, defineBatchTask, defineTask, snooze } from '../../src/tasks/index.js';
import { soon } from '../support/soon.js';
import { gate, MINUTE, setUp } from './fixture.js';

const input = z.strictObject({ n: z.number() });

describe('a batch task', () => {
  it('is given several promises in one call, and each ends as its outcome says', async () => {
    const calls: number[] = [];
    const { executor, make, until } = await setUp([
      defineBatchTask({
        type: 'batch',
        input,
        sizeMax: 4,
        run: (items) => {
          calls.push(items.length);
          return items.map(({ input: { n }, attempt }) => {
            if (n === 1) return new Error('one is refused');
            if (n === 2) return cancel('two is not wanted');
            if (n === 3 && attempt === 1) return snooze(MINUTE);
            return n * 10;
          });
        },
      }),
    ]);
    const ids = await Promise.all(
      Array.from({ length: 10 }, (_item, n) =>
        make({ type: 'batch', payload: { n }, maxAttempts: 1 }),
      ),
    );
    executor.start();
    for (const [n, id] of ids.entries()) {
      const status = ['completed', 'failed', 'cancelled', 'pending'][n] ?? 'completed';
      const promise = await until(id, status);
      if (status === 'completed') expect(promise).toMatchObject({ result: n * 10 });
    }
    expect(await until(ids[1] ?? '', 'failed')).toMatchObject({
      error: { message: 'one is refused' },
    });
    expect(Math.max(...calls)).toBeLessThanOrEqual(4);
    expect(calls.length).toBeLessThanOrEqual(4);
  });

  it('fails all of its promises by a throw, and when outcomes are missing', async () => {
    const { executor, make, until } = await setUp([
      defineBatchTask({
        type: 'throws',
        input,
        sizeMax: 10,
        run: async () => {
          throw new Error('down');
        },
      }),
      defineBatchTask({
        type: 'short',
        input,
        sizeMax: 10,
        run: (items) => items.slice(1).map(() => 1),
      }),
    ]);
    const make2 = (type: string) =>
      Promise.all([1, 2].map((n) => make({ type, payload: { n }, maxAttempts: 1 })));
    const [throwing, short] = [await make2('throws'), await make2('short')];
    executor.start();
    for (const id of throwing) {
      expect(await until(id, 'failed')).toMatchObject({ error: { message: 'down' } });
    }
    for (const id of short) {
      expect((await until(id, 'failed'))?.error?.message).toMatch(/one outcome an item/);
    }
  });

  it('is not given what its schema refuses: that fails alone', async () => {
    const { executor, make, until } = await setUp([
      defineBatchTask({ type: 'b', input, sizeMax: 10, run: (items) => items.map(() => 'kept') }),
    ]);
    const good = await make({ type: 'b', payload: { n: 1 } });
    const bad = await make({ type: 'b', payload: { n: 'x' } });
    executor.start();
    expect(await until(good, 'completed')).toMatchObject({ result: 'kept' });
    expect(await until(bad, 'failed')).toMatchObject({ error: { code: 'input-invalid' } });
  });

  it('counts as one call, beside tasks of one promise a call', async () => {
    const { open, opened } = gate();
    let [batches, singles] = [0, 0];
    const { executor, make, until } = await setUp(
      [
        defineBatchTask({
          type: 'b',
          input,
          sizeMax: 3,
          run: async (items) => {
            batches += 1;
            await opened;
            return items.map(() => null);
          },
        }),
        defineTask({
          type: 's',
          input,
          run: async () => {
            singles += 1;
            await opened;
            return null;
          },
        }),
      ],
      { concurrency: 4 },
    );
    const ids = await Promise.all(
      ['b', 's'].flatMap((type) =>
        Array.from({ length: 9 }, (_item, n) => make({ type, payload: { n } })),
      ),
    );
    executor.start();
    await soon(() => expect(batches + singles).toBe(4));
    open();
    for (const id of ids) await until(id, 'completed');
    expect(batches).toBe(3);
  });

  it('tells each promise that is cancelled or whose time is over by a signal of its own', async () => {
    const { open, opened } = gate();
    const aborted: number[] = [];
    const { executor, make, until, clock, store } = await setUp([
      defineBatchTask({
        type: 'b',
        input,
        sizeMax: 10,
        run: async (items) => {
          for (const {
            signal,
            input: { n },
          } of items) {
            signal.addEventListener('abort', () => aborted.push(n));
          }
          await opened;
          return items.map(() => 'kept');
        },
      }),
    ]);
    const [kept, cancelled, late] = await Promise.all(
      [0, 1, 2].map((n) =>
        make({ type: 'b', payload: { n }, maxAttempts: 1, timeout: n === 2 ? 5_000 : 60_000 }),
      ),
    );
    executor.start();
    await until(kept ?? '', 'in_progress');
    await store.cancel(cancelled ?? '');
    await soon(() => expect(aborted).toEqual([1]));
    await clock.advance(5_000);
    expect(await until(late ?? '', 'failed')).toMatchObject({ error: { code: 'attempt-timeout' } });
    await soon(() => expect(aborted).toEqual([1, 2]));
    open();
    expect(await until(kept ?? '', 'completed')).toMatchObject({ result: 'kept' });
    expect(await until(cancelled ?? '', 'cancelled')).toBeDefined();
  });

  it('makes children of each promise with its completion, and none of one that failed', async () => {
    const ids: string[] = [];
    const { executor, make, until, store } = await setUp([
      defineBatchTask({
        type: 'b',
        input,
        sizeMax: 10,
        run: (items) =>
          items.map((item) => {
            ids.push(item.enqueue('child', item.input.n));
            return item.input.n === 0 ? new Error('no') : null;
          }),
      }),
    ]);
    const made = await Promise.all(
      [0, 1].map((n) => make({ type: 'b', payload: { n }, maxAttempts: 1 })),
    );
    executor.start();
    await until(made[0] ?? '', 'failed');
    await until(made[1] ?? '', 'completed');
    const children = await Promise.all(ids.map((id) => store.get(id)));
    expect(children.map((one) => one?.payload).filter((n) => n !== undefined)).toEqual([1]);
  });

  it.each([0, 1.5, 1_001])('refuses the size %s when it is defined', (sizeMax) => {
    expect(() => defineBatchTask({ type: 'b', input, sizeMax, run: () => [] })).toThrow(/sizeMax/);
  });
});
