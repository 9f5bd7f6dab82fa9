import { expect, test } from 'vitest';
import { ask as invocation, tick } from './fixture.js';

const ask = async (method: string, path: string, body?: unknown) =>
  (await invocation(method, path, { body })).body;

test('a schedule fires with the tick after its slot, on the clocks of its zone', async () => {
  const name = `edge-${crypto.randomUUID()}`;
  const made = await ask('POST', '/v1/schedules', {
    name,
    cron: '* * * * * *',
    timezone: 'Australia/Lord_Howe',
    promise: { type: 'echo', payload: 'from the edge' },
    overlap: 'skip',
  });
  expect(made).toMatchObject({ name, status: 'active', dst: { gap: 'skip', fold: 'both' } });
  await expect
    .poll(async () => {
      await tick();
      const { data } = await ask('GET', `/v1/schedules/${name}/occurrences`);
      return data.filter(({ kind }: { kind: string }) => kind === 'fired').length;
    })
    .toBeGreaterThan(0);
  const { data } = await ask('GET', `/v1/schedules/${name}/occurrences`);
  const fired = data.find(({ kind }: { kind: string }) => kind === 'fired');
  expect(await ask('GET', `/v1/promises/${fired.promise}`)).toMatchObject({
    status: 'completed',
    result: 'from the edge',
    metadata: { schedule: name, slot: fired.slotAt },
  });
  expect(await ask('DELETE', `/v1/schedules/${name}`)).toEqual({ name, deleted: true });
});

test('a schedule that is triggered runs behind the answer', async () => {
  const name = `edge-${crypto.randomUUID()}`;
  await ask('POST', '/v1/schedules', {
    name,
    every: '1d',
    promise: { type: 'echo', payload: 'now' },
  });
  const { id } = await ask('POST', `/v1/schedules/${name}/trigger`);
  expect(await ask('GET', `/v1/promises/${id}`)).toMatchObject({ status: 'completed' });
  await ask('DELETE', `/v1/schedules/${name}`);
});

test('past slots are backfilled once, and what waits for its time is explained', async () => {
  const name = `edge-${crypto.randomUUID()}`;
  const hour = 3_600_000;
  const from = Math.floor(Date.now() / hour) * hour - 3 * hour;
  const range = { from: new Date(from).toISOString(), to: new Date(from + 2 * hour).toISOString() };
  await ask('POST', '/v1/schedules', {
    name,
    cron: '0 * * * *',
    promise: { type: 'echo', payload: 'late', queue: 'backfilled' },
    overlap: 'queue',
  });
  const dry = await ask('POST', `/v1/schedules/${name}/backfill`, { ...range, dryRun: true });
  expect(dry.slots).toMatchObject([{ promise: null }, { promise: null }]);
  const made = await ask('POST', `/v1/schedules/${name}/backfill`, range);
  const again = await ask('POST', `/v1/schedules/${name}/backfill`, range);
  expect(again.slots.map(({ promise }: { promise: string }) => promise)).toEqual(
    made.slots.map(({ promise }: { promise: string }) => promise),
  );
  await tick();
  for (const { promise } of made.slots) {
    expect(await ask('GET', `/v1/promises/${promise}`)).toMatchObject({ status: 'completed' });
  }
  await ask('DELETE', `/v1/schedules/${name}`);
  const later = await ask('POST', '/v1/promises', { type: 'echo', delay: '1h' });
  const explained = await ask('GET', `/v1/promises/${later.id}/explain`);
  expect(explained.reasons).toMatchObject([{ code: 'not-due', until: later.runAt }]);
}, 120_000);

test('a lost worker is recovered and reported, and what a queue lets go is gone, by maintenance', async () => {
  const queue = `edge-${crypto.randomUUID()}`;
  const made = await ask('POST', '/v1/promises', { type: 'of-others', queue });
  await ask('POST', `/v1/queues/${queue}/claim`, { worker: 'w-1', lease: '1s' });
  await expect
    .poll(
      async () => {
        await ask('POST', '/v1/maintenance/recovery');
        const { data } = await ask('GET', `/v1/maintenance/recoveries?promise=${made.id}`);
        return data;
      },
      { timeout: 20_000 },
    )
    .toMatchObject([{ reason: 'claim-silent', worker: 'w-1', decision: 'run-again' }]);
  const { claims } = await ask('POST', `/v1/queues/${queue}/claim`, { worker: 'w-2' });
  await ask('POST', `/v1/promises/${made.id}/complete`, { fence: claims[0].fence });
  const newest = await ask('POST', '/v1/promises', { type: 'echo', queue });
  await ask('PUT', `/v1/queues/${queue}`, { retention: { completed: { count: 1 } } });
  const run = await ask('POST', '/v1/maintenance/cleanup');
  expect(run).toMatchObject({ outcome: 'completed', counts: { promises: { done: true } } });
  expect(await ask('GET', `/v1/promises/${made.id}`)).toMatchObject({ code: 'not-found' });
  expect(await ask('GET', `/v1/promises/${newest.id}`)).toMatchObject({ status: 'completed' });
}, 60_000);
