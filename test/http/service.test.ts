import { describe, expect, test } from 'vitest';
import { openService } from './fixture.js';

describe('health', () => {
  test('tells the queue, both databases and every maintenance task', async () => {
    const { ask, keep } = await openService();
    await ask('POST', '/v1/promises', { body: { type: 'echo' } });
    await keep();
    await ask('POST', '/v1/promises', { body: { type: 'echo', delay: '1h' } });
    await ask('POST', '/v1/maintenance/recovery');
    const { status, body } = await ask('GET', '/v1/health');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'ok',
      queue: {
        byStatus: { pending: 1, completed: 1, failed: 0 },
        oldestReadyAgeMs: null,
        stalled: 0,
        successRate: 1,
        stale: false,
      },
      databases: [
        { name: 'queue', ok: true, verified: true, settings: { synchronous: 'full' } },
        { name: 'system', ok: true, verified: true, settings: { synchronous: 'normal' } },
      ],
    });
    const tasks = Object.fromEntries(
      body.maintenance.map((one: { task: string; lastRun: unknown }) => [one.task, one.lastRun]),
    );
    expect(tasks.recovery).toMatchObject({ outcome: 'completed' });
    expect(tasks).toHaveProperty('checkpoint');
  });

  test('still answers, degraded, when a database is gone; readyz is then 503', async () => {
    const { ask, services } = await openService();
    expect((await ask('GET', '/readyz', { key: null })).status).toBe(200);
    await ask('GET', '/v1/health');
    await services.queue.close();
    const { status, body } = await ask('GET', '/v1/health');
    expect([status, body.status]).toEqual([200, 'degraded']);
    expect(body.queue).toMatchObject({ stale: true, byStatus: { pending: 0 } });
    expect(body.reasons[0]).toContain('queue');
    expect((await ask('GET', '/readyz', { key: null })).status).toBe(503);
    expect((await ask('GET', '/healthz', { key: null })).body).toEqual({ status: 'ok' });
  });

  test('a database that is gone is 503 with Retry-After for everything else', async () => {
    const { ask, services } = await openService();
    await services.queue.close();
    const refused = await ask('POST', '/v1/promises', { body: { type: 'echo' } });
    expect([refused.status, refused.body.code]).toEqual([503, 'database-closed']);
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
  });
});

describe('maintenance', () => {
  test.each(['checkpoint', 'recovery', 'cleanup', 'health', 'sync'])(
    '%s runs now and answers with the finished run',
    async (task) => {
      const { ask } = await openService();
      const { status, body } = await ask('POST', `/v1/maintenance/${task}`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ task, trigger: 'manual', recorded: true });
      expect(['completed', 'skipped']).toContain(body.outcome);
      expect(Date.parse(body.finishedAt)).toBeGreaterThanOrEqual(Date.parse(body.startedAt));
      const { body: runs } = await ask('GET', `/v1/maintenance/runs?task=${task}`);
      const { recorded: _, ...run } = body;
      expect(runs).toEqual({ data: [run], nextCursor: null });
    },
  );

  test('takes an empty object too, and refuses fields', async () => {
    const { ask } = await openService();
    expect((await ask('POST', '/v1/maintenance/recovery', { body: {} })).status).toBe(200);
    expect((await ask('POST', '/v1/maintenance/recovery', { body: { now: true } })).status).toBe(
      422,
    );
  });
});

test('databases tell what was read back next to what is wanted', async () => {
  const { ask } = await openService();
  await ask('POST', '/v1/maintenance/checkpoint');
  const { status, body } = await ask('GET', '/v1/databases');
  expect(status).toBe(200);
  expect(body.data.map(({ name }: { name: string }) => name)).toEqual(['queue', 'system']);
  expect(body.data[0]).toMatchObject({
    topology: 'file',
    ok: true,
    settings: {
      journalMode: 'wal',
      busyDeadlineMs: 30_000,
      synchronous: 'full',
      cacheSizeKib: 32_768,
      mmapBytes: 0,
    },
    wanted: { mmapBytes: 268_435_456, synchronous: 'full' },
    deviations: [{ setting: 'mmapBytes', fault: false }],
    capabilities: { checkpoint: 'local' },
    lastCheckpoint: { outcome: 'done' },
  });
  expect(body.data[0].telemetry.total.writes).toBeGreaterThan(0);
});
