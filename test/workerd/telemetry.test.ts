import {
  createExecutionContext,
  createScheduledController,
  env,
  waitOnExecutionContext,
} from 'cloudflare:test';
import { expect, test } from 'vitest';
import worker from '../../functions/worker.js';

const settings = env as unknown as Parameters<typeof worker.fetch>[1] & {
  readonly HOLDFAST_API_KEY: string;
};

async function ask(method: string, path: string, body?: unknown): Promise<string> {
  const headers = {
    Authorization: `Bearer ${settings.HOLDFAST_API_KEY}`,
    'Content-Type': 'application/json',
  };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const request = new Request(`https://holdfast.test${path}`, { method, headers, ...sent });
  const invocation = createExecutionContext();
  const response = await worker.fetch(request, settings, invocation);
  const text = await response.text();
  await waitOnExecutionContext(invocation);
  expect([path, response.status]).toEqual([path, method === 'POST' ? 201 : 200]);
  return text;
}

test('an isolate counts over its invocations, and the cron notes it in the history', async () => {
  for (let n = 0; n < 3; n += 1) {
    await ask('POST', '/v1/promises', { type: 'echo', queue: 'telemetry', payload: n });
  }
  const { lines, databases, memory } = JSON.parse(await ask('GET', '/v1/telemetry'));
  const own = (one: { queue: string }) => one.queue === 'telemetry';
  expect(lines.find(own)).toMatchObject({ enqueued: 3, claimed: 3, completed: 3 });
  expect(databases.queue.total.rowsWritten).toBeGreaterThan(0);
  expect(databases.queue.labels['promises.enqueue'].writes).toBeGreaterThanOrEqual(3);
  expect(memory).toBeNull();
  const metrics = await ask('GET', '/metrics');
  expect(metrics).toContain(
    'holdfast_promises_settled_total{queue="telemetry",type="echo",status="completed"} 3',
  );

  const invocation = createExecutionContext();
  await worker.scheduled(createScheduledController(), settings, invocation);
  await waitOnExecutionContext(invocation);
  const { data } = JSON.parse(await ask('GET', '/v1/telemetry/history'));
  const noted = data.flatMap((point: { lines: { queue: string }[] }) => point.lines.filter(own));
  expect(noted).toMatchObject([{ completed: 3, wait: { count: 3 } }]);
  expect(await ask('GET', '/assets/charts.js')).toContain('uPlot');
}, 120_000);
