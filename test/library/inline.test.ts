import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHoldfast, defineTask } from 'holdfast';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { tempDir } from '../support/temp-dir.js';

function environment() {
  const directory = tempDir();
  return {
    QUEUE_DATABASE_URL: `file:${join(directory, 'queue.db')}`,
    SYSTEM_DATABASE_URL: `file:${join(directory, 'system.db')}`,
  };
}

const ran: string[] = [];
const note = defineTask({
  type: 'note',
  input: z.string(),
  run: (text) => {
    ran.push(text);
    return text.length;
  },
});
const flaky = defineTask({
  type: 'flaky',
  input: z.null(),
  run: (_input, { attempt }) => {
    if (attempt < 3) throw new Error(`no ${attempt}`);
    return 'at last';
  },
});
const tasks = [note, flaky];

describe('a promise kept in the call that makes it', () => {
  it('is settled when the call resolves, and nothing else was run', async () => {
    const service = await createHoldfast({ tasks }).open(environment());
    onTestFinished(() => service.close());
    const other = await service.enqueue(note, 'left alone', { priority: 1 });
    const kept = await service.enqueue(note, 'inline', { inline: true });
    expect(kept).toMatchObject({
      deduplicated: false,
      promise: { status: 'completed', result: 6, attempt: 1 },
    });
    expect(ran).not.toContain('left alone');
    expect(await service.get(other.promise.id)).toMatchObject({ status: 'pending', attempt: 0 });
    const events = await Promise.all(
      ['x', 'y', 'z'].map((text) => service.enqueue(note, text, { inline: true })),
    );
    expect(events.map(({ promise }) => promise.status)).toEqual(Array(3).fill('completed'));
  });

  it('is tried again in it while that is due at once; else it stays pending', async () => {
    const service = await createHoldfast({ tasks }).open(environment());
    onTestFinished(() => service.close());
    const now = { kind: 'fixed', delay: 0 } as const;
    const kept = await service.enqueue(flaky, null, { inline: true, backoff: now });
    expect(kept.promise).toMatchObject({ status: 'completed', result: 'at last', attempt: 3 });
    const later = { kind: 'fixed', delay: '1h' } as const;
    const waiting = await service.enqueue(flaky, null, { inline: true, backoff: later });
    expect(waiting.promise).toMatchObject({ status: 'pending', attempt: 1 });
    const delayed = await service.enqueue(note, 'delayed', { inline: true, delay: '1h' });
    expect(delayed.promise).toMatchObject({ status: 'pending', attempt: 0 });
    await service.store.queues.set('default', { paused: true });
    const paused = await service.enqueue(note, 'paused', { inline: true });
    expect(paused.promise).toMatchObject({ status: 'pending', attempt: 0 });
    const foreign = await service.enqueue('of-others', 1, { inline: true, queue: 'q' });
    expect(foreign.promise).toMatchObject({ status: 'pending', attempt: 0 });
  });

  it('is how all are kept in a service that was opened so, also where one is working', async () => {
    const holdfast = createHoldfast({ tasks });
    const service = await holdfast.open(environment(), { inline: true });
    onTestFinished(() => service.close());
    expect((await note.enqueue('by task')).promise).toMatchObject({ status: 'completed' });
    expect((await holdfast.enqueue(note, 'ab')).promise).toMatchObject({ result: 2 });
    const apart = await service.enqueue(note, 'apart', { inline: false });
    expect(apart.promise).toMatchObject({ status: 'pending' });
    service.start();
    const made = await Promise.all(['a', 'b', 'c', 'd'].map((text) => note.enqueue(text)));
    expect(made.map(({ promise }) => [promise.status, promise.attempt])).toEqual(
      Array(4).fill(['completed', 1]),
    );
  });

  it('is recovered when its process dies in the middle', async () => {
    const env = { ...environment(), HOLDFAST_LEASE: '1s' };
    const script = fileURLToPath(new URL('inline-killed.ts', import.meta.url));
    const child = fork(script, [], {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, ...env },
    });
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');
    const task = defineTask({ type: 'deadly', input: z.null(), run: () => 'alive' });
    const service = await createHoldfast({ tasks: [task] }).open(env);
    onTestFinished(() => service.close());
    const { promises } = await service.store.list({ limit: 10 });
    expect(promises).toMatchObject([{ type: 'deadly', fence: 1 }]);
    service.start();
    await expect
      .poll(async () => (await service.get(promises[0]?.id ?? ''))?.status, { timeout: 15_000 })
      .toBe('completed');
  });
});
