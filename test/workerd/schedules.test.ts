import {
  createExecutionContext,
  createScheduledController,
  env,
  waitOnExecutionContext,
} from 'cloudflare:test';
import { expect, test } from 'vitest';
import worker from '../../functions/worker.js';

type WorkerEnv = Parameters<typeof worker.fetch>[1];

const settings = env as unknown as WorkerEnv & { readonly HOLDFAST_API_KEY: string };

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
async function ask(method: string, path: string, body?: unknown): Promise<any> {
  const request = new Request(`https://holdfast.test${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${settings.HOLDFAST_API_KEY}`,
      'Content-Type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const invocation = createExecutionContext();
  const response = await worker.fetch(request, settings, invocation);
  const answer = await response.json();
  await waitOnExecutionContext(invocation);
  return answer;
}

async function tick(): Promise<void> {
  const invocation = createExecutionContext();
  await worker.scheduled(createScheduledController(), settings, invocation);
  await waitOnExecutionContext(invocation);
}

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
