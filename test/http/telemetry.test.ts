import { readFile } from 'node:fs/promises';
import parsePrometheus from 'parse-prometheus-text-format';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { metricsText } from '../../functions/http/metrics-text.js';
import { PrometheusText } from '../../functions/http/prometheus-text.js';
import { silentLog } from '../../src/core/index.js';
import type { LineTelemetry } from '../../src/promises/index.js';
import type { LinePoint } from '../../src/records/index.js';
import {
  defineTask,
  HistoryKeeper,
  newHistoryMark,
  type ServiceEvent,
} from '../../src/tasks/index.js';
import { openService, type TestService } from './fixture.js';

const any = z.json();
const flaky = defineTask({
  type: 'flaky',
  input: any,
  run: () => {
    throw new Error('not today');
  },
});

/** Keeps 5 promises, fails 2 for good after a retry each, leaves 4 for tomorrow and 1 to a worker that dies. */
async function doThings({ ask, keep, services }: TestService): Promise<void> {
  const make = (body: object) => ask('POST', '/v1/promises', { body });
  for (let n = 0; n < 5; n += 1) await make({ type: 'echo', payload: n });
  const backoff = { kind: 'fixed', delay: 0 };
  for (let n = 0; n < 2; n += 1) await make({ type: 'flaky', maxAttempts: 2, backoff });
  for (let n = 0; n < 4; n += 1) await make({ type: 'echo', queue: 'late', delay: '1d' });
  const failed = async () => {
    await keep();
    return (await ask('GET', '/v1/promises?type=flaky&status=failed')).body.data.length;
  };
  await expect.poll(failed, { timeout: 20_000 }).toBe(2);
  await make({ type: 'pulled', queue: 'pull' });
  const claim = () => ask('POST', '/v1/queues/pull/claim', { body: { worker: 'w', lease: '1s' } });
  expect((await claim()).body.claims).toHaveLength(1);
  await expect
    .poll(async () => (await services.store.recover()).stalled, { timeout: 10_000 })
    .toBe(1);
  const [held] = (await claim()).body.claims;
  const body = { settlements: [{ id: held.id, fence: held.fence, outcome: 'complete' }] };
  expect((await ask('POST', '/v1/settlements', { body })).status).toBe(200);
  await make({ type: 'echo', queue: 'waits' });
}

const EXPECTED = {
  'default echo': { enqueued: 5, claimed: 5, completed: 5, failed: 0, waits: 5, runs: 5 },
  'default flaky': { enqueued: 2, claimed: 4, retried: 2, failed: 2, waits: 4, runs: 4 },
  'late echo': { enqueued: 4, claimed: 0, waits: 0 },
  'pull pulled': { enqueued: 1, claimed: 2, recovered: 1, completed: 1, waits: 2, runs: 1 },
  'waits echo': { enqueued: 1, claimed: 0 },
};

describe('telemetry', () => {
  test('equals what was done: as numbers, as metrics, and as events', async () => {
    const service = await openService({ tasks: [flaky] });
    const events: ServiceEvent[] = [];
    service.services.telemetry.listen((event) => events.push(event));
    await doThings(service);

    const { body } = await service.ask('GET', '/v1/telemetry');
    const lines = Object.fromEntries(
      (body.lines as LineTelemetry[]).map(({ queue, type, wait, run, ...line }) => [
        `${queue} ${type}`,
        { ...line, waits: wait.count, runs: run.count },
      ]),
    );
    expect(lines).toMatchObject(EXPECTED);
    const pulled = body.lines.find(({ type }: LineTelemetry) => type === 'pulled');
    expect(pulled.wait.sumMs).toBeLessThan(10_000);
    const late = body.queues.find(({ queue }: { queue: string }) => queue === 'late');
    expect(late).toMatchObject({ counts: { pending: 4 }, oldestReadyAgeMs: null });
    const waits = body.queues.find(({ queue }: { queue: string }) => queue === 'waits');
    expect(waits.counts.pending).toBe(1);
    expect(waits.oldestReadyAgeMs).toBeGreaterThanOrEqual(0);
    const { labels } = body.databases.queue;
    expect(labels['promises.enqueue'].writes).toBe(13);
    expect(body.databases.queue.walBytes).toBeGreaterThan(0);
    expect(body.memory.rssBytes).toBeGreaterThan(1e6);

    const metrics = metricsOf((await service.ask('GET', '/metrics')).body);
    const settled = { queue: 'default', type: 'echo', status: 'completed' };
    expect(sampleOf(metrics, 'holdfast_promises_settled_total', settled)).toBe(5);
    expect(sampleOf(metrics, 'holdfast_attempts_recovered_total', { type: 'pulled' })).toBe(1);
    expect(sampleOf(metrics, 'holdfast_promises', { queue: 'late', status: 'pending' })).toBe(4);
    const enqueues = { database: 'queue', label: 'promises.enqueue', kind: 'write' };
    expect(sampleOf(metrics, 'holdfast_db_operations_total', enqueues)).toBe(13);

    const news = events.filter((event) => event.kind === 'promise-settled');
    expect(news.filter(({ status }) => status === 'completed')).toHaveLength(6);
    expect(news.filter(({ status }) => status === 'failed')).toMatchObject(
      Array(2).fill({ type: 'flaky', queue: 'default', attempt: 2 }),
    );
    expect(events.filter(({ kind }) => kind === 'recovered')).toMatchObject([
      { type: 'pulled', queue: 'pull', decision: 'run-again', worker: 'w' },
    ]);
  });
});

describe('the history', () => {
  test('has what was done since the last note, once', async () => {
    const service = await openService({ tasks: [flaky] });
    const { history } = service.services;
    await doThings(service);
    await history.keep();
    await history.keep();
    await service.ask('POST', '/v1/promises', { body: { type: 'echo' } });
    await history.keep();
    const { status, body } = await service.ask('GET', '/v1/telemetry/history?step=1d');
    expect([status, body.step, body.data.length]).toEqual([200, 86_400_000, 1]);
    const [point] = body.data;
    const lines = Object.fromEntries(
      point.lines.map(({ queue, type, wait, run, ...line }: LinePoint) => [
        `${queue} ${type}`,
        { ...line, waits: wait?.count ?? 0, runs: run?.count ?? 0 },
      ]),
    );
    const echo = { ...EXPECTED['default echo'], enqueued: 6 };
    expect(lines).toMatchObject({ ...EXPECTED, 'default echo': echo });
    expect(lines['late echo'].depth).toBe(4);
    const { queue } = (await service.ask('GET', '/v1/telemetry')).body.databases;
    expect(point.databases.queue.writes).toBe(queue.total.writes);
    expect(point.databases.queue.writeMsMax).toBeGreaterThan(0);
  });

  test('goes on after a database that was away, and loses nothing', async () => {
    const { services, ask } = await openService();
    await ask('POST', '/v1/promises', { body: { type: 'echo' } });
    const gone = { add: () => Promise.reject(new Error('away')) };
    const parts = { mark: newHistoryMark(), recorders: {}, log: silentLog };
    const { telemetry, telemetryHistory } = services;
    await new HistoryKeeper({ ...parts, telemetry, history: gone }).keep();
    await new HistoryKeeper({ ...parts, telemetry, history: telemetryHistory }).keep();
    const { body } = await ask('GET', '/v1/telemetry/history');
    expect(body.data).toMatchObject([{ lines: [{ queue: 'default', type: 'echo', enqueued: 1 }] }]);
  });

  test('refuses what it cannot show, by the name of the field', async () => {
    const { ask } = await openService();
    const asked = 'from=2030-01-01T00:00:00Z&to=2030-03-01T00:00:00Z&step=1m';
    for (const query of [asked, 'from=yesterday', 'step=1s']) {
      const { status, body } = await ask('GET', `/v1/telemetry/history?${query}`);
      expect([query, status, body.code]).toEqual([query, 422, 'input-invalid']);
    }
  });
});

describe('GET /metrics', () => {
  test('is Prometheus text, whatever the names are', async () => {
    const { ask } = await openService();
    await ask('POST', '/v1/promises', { body: { type: 'a.b-c', queue: 'x:y_z' } });
    const { status, headers, body } = await ask('GET', '/metrics');
    expect(status).toBe(200);
    expect(headers.get('Content-Type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const metrics = metricsOf(body);
    for (const { name, help, type, metrics: samples } of metrics) {
      expect([name, help.length > 0, samples.length > 0]).toEqual([name, true, true]);
      expect(type).toMatch(/^(COUNTER|GAUGE|HISTOGRAM)$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'COUNTER']);
    }
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
    const wait = metrics.find(({ name }) => name === 'holdfast_db_lock_wait_seconds');
    expect(wait?.metrics[0]?.buckets).toMatchObject({ '0.001': '0', '+Inf': '0' });
    expect(sampleOf(metrics, 'holdfast_promises', { queue: 'x:y_z', status: 'pending' })).toBe(1);
  });

  test('keeps what a label may hold', () => {
    const value = 'a"b\\c\nd, e="f"}';
    const text = new PrometheusText().gauge('x', 'An x.', [[{ value, other: '' }, 1]]);
    expect(metricsOf(text.toString())[0]?.metrics).toEqual([
      { labels: { value, other: '' }, value: '1' },
    ]);
  });

  test('has the metrics of docs/telemetry.md, and no others', async () => {
    const service = await openService({ tasks: [flaky] });
    await doThings(service);
    const report = await service.services.telemetry.report();
    const { queue } = report.databases;
    const labels = { a: { ...queue!.total, rowsRead: 1, rowsWritten: 1 } };
    const all = { ...report, databases: { queue: { ...queue!, labels } } };
    const docs = await readFile(new URL('../../docs/telemetry.md', import.meta.url), 'utf8');
    const rows = [...docs.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \|/gm)];
    const documented = rows.map(([, name, type]) => `${name} ${type?.toUpperCase()}`);
    const told = metricsOf(metricsText(all)).map(({ name, type }) => `${name} ${type}`);
    expect(documented.sort()).toEqual(told.sort());
  });

  test('still answers when the queue does not', async () => {
    const { ask, services } = await openService();
    await services.queue.close();
    const { status, body } = await ask('GET', '/metrics');
    expect(status).toBe(200);
    expect(sampleOf(metricsOf(body), 'holdfast_queue_up', {})).toBe(0);
  });

  test('needs a key', async () => {
    const { ask } = await openService();
    expect((await ask('GET', '/metrics', { key: null })).status).toBe(401);
  });
});

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly metrics: readonly {
    readonly value?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly buckets?: Readonly<Record<string, string>>;
  }[];
}

/** Reads all of it: the parser leaves out what it cannot read, and the labels of histograms, so these are read as plain samples too. */
function metricsOf(text: string): Family[] {
  const plain = parsePrometheus(text.replaceAll(/^# TYPE \S+ histogram\n/gm, '')) as Family[];
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(plain.flatMap((one) => one.metrics).length).toBe(samples.length);
  const families = parsePrometheus(text) as Family[];
  for (const { name } of families.filter(({ type }) => type === 'HISTOGRAM')) {
    const of = (part: string) => plain.find((one) => one.name === `${name}_${part}`)?.metrics ?? [];
    expect(of('sum')).toHaveLength(of('count').length);
    for (const { labels = {}, value } of of('count')) {
      const isOwn = (one: Family['metrics'][number]) =>
        Object.entries(labels).every(([label, own]) => one.labels?.[label] === own);
      const buckets = of('bucket').filter(isOwn);
      expect(buckets.at(-1)).toMatchObject({ labels: { le: '+Inf' }, value });
      const counts = buckets.map((one) => Number(one.value));
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    }
  }
  return families;
}

function sampleOf(
  families: readonly Family[],
  name: string,
  labels: Readonly<Record<string, string>>,
): number | undefined {
  const family = families.find((one) => one.name === name);
  const found = family?.metrics.find((one) =>
    Object.entries(labels).every(([label, value]) => one.labels?.[label] === value),
  );
  return found === undefined ? undefined : Number(found.value);
}
