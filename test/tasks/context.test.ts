import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { continueWith, defineTask, type TaskContext } from '../../src/tasks/index.js';
import { soon } from '../support/soon.js';
import { gate, MINUTE, setUp } from './fixture.js';

const any = z.any();
const child = defineTask({
  type: 'child',
  input: z.strictObject({ n: z.number() }),
  run: ({ n }) => n,
});

describe('what a run is given', () => {
  it('goes on from the state it left, with its metadata and one idempotency key, burning no attempt', async () => {
    const seen: unknown[] = [];
    const { executor, make, until, clock, store } = await setUp([
      defineTask({
        type: 'pages',
        input: any,
        run: (_input, { state, attempt, metadata, idempotencyKey, ...rest }) => {
          expect(rest).toBeDefined();
          const page = typeof state === 'number' ? state : 0;
          seen.push([page, attempt, metadata, idempotencyKey]);
          if (page === 3) return { pages: page };
          return continueWith(page + 1, page === 2 ? { delay: '1m' } : {});
        },
      }),
    ]);
    const id = await make({ type: 'pages', maxAttempts: 1, metadata: { a: 1 } });
    executor.start();
    const later = { status: 'pending', runAt: clock.now() + MINUTE };
    await soon(async () => expect(await store.get(id)).toMatchObject(later));
    await soon(() => expect(clock.sleepers).toBe(1));
    await clock.advance(MINUTE);
    expect(await until(id, 'completed')).toMatchObject({ result: { pages: 3 }, attempt: 1 });
    expect(seen).toEqual([0, 1, 2, 3].map((page) => [page, 1, { a: 1 }, `${id}.0`]));
  });

  it('takes the verdict from the context too, and refuses a delay that is none', async () => {
    const { executor, make, until } = await setUp([
      defineTask({
        type: 'a',
        input: any,
        run: (_input, context) =>
          context.state === null ? context.continueWith('half') : context.state,
      }),
      defineTask({ type: 'b', input: any, run: () => continueWith(1, { delay: 'soon' }) }),
    ]);
    const [a, b] = [await make({ type: 'a' }), await make({ type: 'b' })];
    executor.start();
    expect(await until(a, 'completed')).toMatchObject({ result: 'half' });
    expect(await until(b, 'failed')).toMatchObject({ error: { code: 'input-invalid' } });
  });

  it('sees the results of the promises that it depends on', async () => {
    const { executor, make, until } = await setUp([
      child,
      defineTask({
        type: 'sum',
        input: any,
        run: async (_input, { parents }) => {
          const results = (await parents()).map(({ result }) => Number(result));
          return results.reduce((sum, one) => sum + one, 0);
        },
      }),
    ]);
    const ids = [1, 2, 3].map((n) => make({ type: 'child', payload: { n } }));
    const id = await make({ type: 'sum', dependsOn: await Promise.all(ids) });
    executor.start();
    expect(await until(id, 'completed')).toMatchObject({ result: 6 });
  });
});

describe('progress', () => {
  it('is stored at once, then about every second, and the last before the run is settled', async () => {
    const { open, opened } = gate();
    let context: TaskContext | undefined;
    const { executor, make, until, clock, store } = await setUp([
      defineTask({
        type: 'long',
        input: any,
        run: async (_input, given) => {
          context = given;
          await opened;
          given.progress(250, 'done \u0000\ud800');
          throw new Error('after all');
        },
      }),
    ]);
    const id = await make({ type: 'long', maxAttempts: 1 });
    executor.start();
    await until(id, 'in_progress');
    const stored = async () => (await store.get(id))?.progress;
    await soon(() => expect(context).toBeDefined());
    context?.progress(10, 'begun');
    await soon(async () => expect(await stored()).toEqual({ percent: 10, message: 'begun' }));
    for (let percent = 11; percent <= 20; percent += 1) context?.progress(percent);
    await clock.advance(999);
    expect(await stored()).toEqual({ percent: 10, message: 'begun' });
    await clock.advance(1);
    await soon(async () => expect(await stored()).toEqual({ percent: 20, message: null }));
    context?.progress(Number.NaN);
    open();
    expect(await until(id, 'failed')).toMatchObject({
      progress: { percent: 100, message: 'done \ufffd\ufffd' },
    });
  });

  it('of a run that has ended is nothing', async () => {
    let context: TaskContext | undefined;
    const { executor, make, until } = await setUp([
      defineTask({
        type: 'a',
        input: any,
        run: (_input, given) => {
          context = given;
          return null;
        },
      }),
    ]);
    const id = await make({ type: 'a' });
    executor.start();
    await until(id, 'completed');
    context?.progress(50);
    expect(await until(id, 'completed')).toMatchObject({ progress: null });
  });
});

describe('children', () => {
  const parent = (run: (context: TaskContext) => void, attempts = 1) =>
    defineTask({
      type: 'parent',
      input: any,
      run: async (_input, context) => {
        run(context);
        await Promise.resolve();
        if (context.attempt <= attempts - 1) throw new Error('not yet');
        return 'made';
      },
    });

  it('are made with the completion, may depend on one another, and once however often it is tried', async () => {
    const ids: string[][] = [];
    const { executor, make, until, clock, store } = await setUp([
      child,
      parent(({ enqueue, id }) => {
        const first = enqueue(child, { n: 1 }, { tags: ['x'] });
        const second = enqueue('child', { n: 2 }, { dependsOn: [first, id], priority: 1 });
        ids.push([first, second]);
      }, 2),
    ]);
    const id = await make({ type: 'parent', backoff: { kind: 'fixed', delay: 1_000 } });
    executor.start();
    await soon(async () => expect(await store.failures(id)).toHaveLength(1));
    await soon(() => expect(clock.sleepers).toBe(1));
    await clock.advance(1_000);
    await until(id, 'completed');
    expect(ids).toHaveLength(2);
    for (const [at, result] of [1, 2].entries()) {
      expect(await until(ids[1]?.[at] ?? '', 'completed')).toMatchObject({ result });
      expect(await store.get(ids[0]?.[at] ?? '')).toBeUndefined();
    }
  });

  it.each<[string, (context: TaskContext) => void, string, RegExp]>([
    [
      'an input that its task refuses',
      ({ enqueue }) => enqueue('child', { n: 'one' }),
      'input-invalid',
      /payload\.n/,
    ],
    [
      'debounce',
      ({ enqueue }) => enqueue(child, { n: 1 }, { key: 'k', debounce: { wait: 10 } }),
      'input-invalid',
      /debounce/,
    ],
    [
      'replacing others',
      ({ enqueue }) => enqueue(child, { n: 1 }, { key: 'k', unique: { onConflict: 'replace' } }),
      'input-invalid',
      /unique\.onConflict/,
    ],
    [
      'an option that there is not',
      ({ enqueue }) => enqueue(child, { n: 1 }, { later: true } as never),
      'input-invalid',
      /later/,
    ],
    [
      'more than a thousand',
      ({ enqueue }) => {
        for (let n = 0; n <= 1_000; n += 1) enqueue(child, { n });
      },
      'input-invalid',
      /at most 1000/,
    ],
    [
      'too large a payload',
      ({ enqueue }) => enqueue('other', 'x'.repeat(1_100_000)),
      'payload-too-large',
      /payload: must be at most/,
    ],
  ])('refuse %s where they are asked for', async (_what, run, code, message) => {
    const { executor, make, until, store } = await setUp([child, parent(run)]);
    const id = await make({ type: 'parent' });
    executor.start();
    const failed = await until(id, 'failed');
    expect(failed?.error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect((await store.figures()).byStatus).toMatchObject({ pending: 0, completed: 0 });
  });

  it('of a run that loses its promise are not made', async () => {
    const { open, opened } = gate();
    const { executor, make, until, store } = await setUp([
      child,
      defineTask({
        type: 'slow',
        input: any,
        run: async (_input, { enqueue }) => {
          enqueue(child, { n: 1 });
          await opened;
          return null;
        },
      }),
    ]);
    const id = await make({ type: 'slow' });
    executor.start();
    await until(id, 'in_progress');
    await store.cancel(id);
    open();
    await until(id, 'cancelled');
    await executor.stop();
    expect((await store.figures()).byStatus).toMatchObject({ pending: 0, completed: 0 });
  });
});
