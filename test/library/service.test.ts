import { join } from 'node:path';
import { createHoldfast, defineTask, type Holdfast } from 'holdfast';
import { uuidv7 } from 'uuidv7';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { soon } from '../support/soon.js';
import { tempDir } from '../support/temp-dir.js';

const greet = defineTask({
  type: 'greet',
  input: z.strictObject({ name: z.string(), times: z.number().default(1) }),
  run: ({ name, times }) => ({ greeting: `Hello, ${name}`.repeat(times) }),
});

function environment(over: Record<string, string> = {}) {
  const directory = tempDir();
  return {
    QUEUE_DATABASE_URL: `file:${join(directory, 'made', 'queue.db')}`,
    SYSTEM_DATABASE_URL: `file:${join(directory, 'made', 'system.db')}`,
    ...over,
  };
}

async function open(holdfast: Holdfast, env = environment()) {
  const service = await holdfast.open(env);
  onTestFinished(() => service.close());
  return service;
}

describe('the service as a library', () => {
  it('makes promises by task, typed by its schema, and keeps them without HTTP', async () => {
    const holdfast = createHoldfast({ tasks: [greet] });
    const service = await open(holdfast);
    const made = [
      await greet.enqueue({ name: 'Ada' }),
      await holdfast.enqueue(greet, { name: 'Bob', times: 2 }, { priority: 1 }),
      await service.enqueue('greet', { name: 'Cy' }, { tags: ['x'] }),
    ];
    service.start();
    for (const { promise } of made) {
      await soon(async () =>
        expect(await service.get(promise.id)).toMatchObject({
          status: 'completed',
          result: { greeting: expect.stringMatching(/Hello, (Ada|Bob|Cy)/) },
        }),
      );
    }
    expectTypeOf(greet.enqueue)
      .parameter(0)
      .toEqualTypeOf<{ name: string; times?: number | undefined }>();
    // @ts-expect-error the schema has no such field
    await expect(holdfast.enqueue(greet, { nam: 'Ada' })).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('payload'),
    });
    await expect(greet.enqueue({ name: 'Ada' }, { priority: 11 })).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining('priority'),
    });
  });

  it('says that it is not open, before and after it was', async () => {
    const task = defineTask({ type: 'late', input: z.null(), run: () => null });
    const holdfast = createHoldfast({ tasks: [task] });
    const refused = { code: 'service-not-open' };
    await expect(task.enqueue(null)).rejects.toMatchObject(refused);
    await expect(holdfast.enqueue(task, null)).rejects.toMatchObject(refused);
    const service = await holdfast.open(environment());
    expect((await task.enqueue(null)).promise.status).toBe('pending');
    await service.close();
    await expect(task.enqueue(null)).rejects.toMatchObject(refused);
    await expect(holdfast.enqueue(task, null)).rejects.toMatchObject(refused);
  });

  it('hands back what runs when it is closed, for another that opens the same files', async () => {
    let signal: AbortSignal | undefined;
    const slow = defineTask({
      type: 'slow',
      input: z.null(),
      run: (_input, context) => {
        signal = context.signal;
        return new Promise<null>(() => {});
      },
    });
    const env = environment({ HOLDFAST_DRAIN: '0' });
    const first = await createHoldfast({ tasks: [slow] }).open(env);
    first.start();
    const { promise } = await first.enqueue(slow, null);
    await soon(() => expect(signal).toBeDefined());
    await first.close();
    expect(signal?.aborted).toBe(true);
    const second = await open(createHoldfast({ tasks: [slow] }), env);
    expect(await second.get(promise.id)).toMatchObject({ status: 'pending', attempt: 0 });
  });

  it('works in bounded rounds where nothing runs all the time', async () => {
    const service = await open(createHoldfast({ tasks: [greet] }));
    const { promise } = await service.enqueue(greet, { name: 'Ada' });
    const report = await service.tick();
    expect(report.work).toEqual({ claimed: 1, settled: 1 });
    expect(await service.get(promise.id)).toMatchObject({ status: 'completed' });
  });

  it('makes schedules, tells why, and does maintenance without HTTP', async () => {
    const service = await open(createHoldfast({ tasks: [greet] }));
    const promise = { type: 'greet', payload: { name: 'Ada' } };
    const made = await service.schedule({ name: 'daily', every: '1d', promise });
    expect(made).toMatchObject({ name: 'daily', settings: { everyMs: 86_400_000 } });
    const wrong = { name: 'wrong', every: '1d', promise: { type: 'greet', payload: {} } };
    await expect(service.schedule(wrong)).rejects.toMatchObject({ code: 'input-invalid' });
    await expect(service.schedule({ ...wrong, every: '1x', promise })).rejects.toMatchObject({
      issues: [{ path: 'every' }],
    });
    const { id } = await service.schedules.trigger('daily');
    const codes = async (one: string) =>
      (await service.explain(one))?.reasons.map(({ code }) => code);
    expect(await codes(id)).toEqual(['ready']);
    const other = await service.enqueue('of-others', null);
    expect(await codes(other.promise.id)).toEqual(['no-worker']);
    expect(await service.explain('x')).toBeUndefined();
    const ask = { token: uuidv7(), worker: 'w', limit: 1, leaseMs: 1_000, types: ['of-others'] };
    await service.store.claim(ask);
    await soon(async () => {
      const run = await service.maintain('recovery');
      expect(run).toMatchObject({ outcome: 'completed', counts: { stalled: 1 } });
    });
    const { recoveries } = await service.recoveries({ limit: 10 });
    expect(recoveries).toMatchObject([{ promiseId: other.promise.id, decision: 'run-again' }]);
    await expect(service.maintain('tidy')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('goes out by lines, and comes in elsewhere', async () => {
    const [from, to] = [await open(createHoldfast()), await open(createHoldfast())];
    const { promise } = await from.enqueue('of-others', { a: 1 });
    const lines: string[] = [];
    for await (const line of from.transfer.export()) lines.push(line.trimEnd());
    expect(await to.transfer.verify(lines)).toMatchObject({ promise: 1 });
    expect(await to.get(promise.id)).toBeUndefined();
    expect(await to.transfer.import(lines)).toMatchObject({ promise: { imported: 1 } });
    expect(await to.get(promise.id)).toMatchObject({ payload: { a: 1 } });
  });

  it('refuses settings that are wrong, all at once', async () => {
    const env = environment({ HOLDFAST_CONCURRENCY: '0', HOLDFAST_ENCRYPTION_KEYS: 'a:b' });
    await expect(createHoldfast().open(env)).rejects.toMatchObject({
      code: 'setting-invalid',
      message: expect.stringMatching(/HOLDFAST_ENCRYPTION_KEYS.*HOLDFAST_CONCURRENCY/s),
    });
  });
});
