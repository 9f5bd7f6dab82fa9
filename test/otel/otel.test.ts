import { readFile } from 'node:fs/promises';
import { context, metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type DataPoint, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createClient } from '../../src/db/index.js';
import { defineTask } from '../../src/tasks/index.js';
import { openFresh } from '../db/topologies.js';
import { openService } from '../http/fixture.js';

class OnDemand extends MetricReader {
  protected onShutdown = async () => {};
  protected onForceFlush = async () => {};
}

const failing = defineTask({
  type: 'failing',
  input: z.json(),
  run: () => Promise.reject(new Error('not today')),
});

test('docs/telemetry.md has every metric', async () => {
  const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
  const names = /[`'](holdfast\.(?!promise\.)[a-z_.]+|process\.memory\.usage)[`']/g;
  const namesIn = (text: string) => [...new Set([...text.matchAll(names)].map(([, name]) => name))];
  const [, docs = ''] = (await read('docs/telemetry.md')).split('## OpenTelemetry');
  const made = namesIn(await read('src/tasks/metrics-export.ts'));
  expect(namesIn(docs).sort()).toEqual(made.sort());
});

test('without an SDK nothing of a span or a metric is made', async () => {
  const spies = [
    vi.spyOn(trace, 'getTracer'),
    vi.spyOn(trace, 'setSpan'),
    vi.spyOn(context, 'with'),
    vi.spyOn(metrics, 'getMeter'),
  ];
  const { ask, keep } = await openService();
  await ask('POST', '/v1/promises', { body: { type: 'echo' } });
  await keep();
  const client = createClient({ url: ':memory:' });
  await client.execute('SELECT 1');
  client.close();
  for (const spy of spies) expect(spy).not.toHaveBeenCalled();
});

describe('with an SDK', () => {
  const exporter = new InMemorySpanExporter();
  const reader = new OnDemand();
  const spansOf = (name: string) =>
    exporter.getFinishedSpans().filter((span: ReadableSpan) => span.name === name);
  const pointsOf = async (name: string) => {
    const { resourceMetrics } = await reader.collect();
    const found = resourceMetrics.scopeMetrics
      .flatMap((scope) => scope.metrics)
      .filter(({ descriptor }) => descriptor.name === name);
    return found.flatMap((one) => one.dataPoints as DataPoint<unknown>[]);
  };

  beforeAll(() => {
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });

  afterAll(() => {
    trace.disable();
    metrics.disable();
    context.disable();
  });

  test('calls of a database are spans and durations, by the conventions', async () => {
    const database = await openFresh('file', { name: 'notes' });
    const tracer = trace.getTracer('test');
    await tracer.startActiveSpan('caller', async (caller) => {
      await database.write(
        [{ sql: 'CREATE TABLE a (b)' }, { sql: "INSERT INTO a VALUES ('secret')" }],
        { label: 'notes.add' },
      );
      caller.end();
    });
    const [span] = spansOf('notes.add');
    expect(span?.kind).toBe(SpanKind.CLIENT);
    expect(span?.attributes).toEqual({
      'db.system.name': 'sqlite',
      'db.namespace': 'notes',
      'db.operation.name': 'write',
      'db.query.summary': 'notes.add',
      'db.operation.batch.size': 2,
    });
    expect(span?.parentSpanContext?.spanId).toBe(spansOf('caller')[0]?.spanContext().spanId);
    const wrong = database.read([{ sql: 'SELECT nothing' }], { label: 'notes.wrong' });
    await expect(wrong).rejects.toThrow();
    const [failed] = spansOf('notes.wrong');
    expect(failed?.status.code).toBe(SpanStatusCode.ERROR);
    expect(failed?.attributes['error.type']).toMatch(/^(sql|constraint|database|statement)/);
    const durations = await pointsOf('db.client.operation.duration');
    const own = durations.filter((one) => one.attributes['db.namespace'] === 'notes');
    expect(own.map((one) => one.attributes['db.query.summary']).sort()).toEqual([
      'notes.add',
      'notes.wrong',
    ]);
    expect(own[0]?.attributes['db.system.name']).toBe('sqlite');
  });

  test('so are those of the drop-in and of a server, with its address', async () => {
    const client = createClient({ url: ':memory:', name: 'drop-in' });
    await client.batch(['CREATE TABLE a (b)', 'INSERT INTO a VALUES (1)'], 'write');
    expect((await client.execute('SELECT b FROM a')).rows[0]?.b).toBe(1);
    client.close();
    expect(spansOf('batch')[0]?.attributes).toMatchObject({
      'db.namespace': 'drop-in',
      'db.operation.batch.size': 2,
    });
    expect(spansOf('execute')).toHaveLength(1);
    const server = await openFresh('remote', { name: 'server' });
    await server.read([{ sql: 'SELECT 1' }], { label: 'server.look' });
    expect(spansOf('server.look')[0]?.attributes).toMatchObject({
      'server.address': '127.0.0.1',
      'server.port': expect.any(Number),
    });
  });

  test('runs are spans, and what they call is inside; the numbers of the service are metrics', async () => {
    const calling = defineTask({
      type: 'calling',
      input: z.json(),
      run: () =>
        trace.getTracer('test').startActiveSpan('inside', (span) => {
          span.end();
          return null;
        }),
    });
    const { ask, keep } = await openService({ tasks: [calling, failing] });
    await ask('POST', '/v1/promises', { body: { type: 'calling', queue: 'observed' } });
    const failed = { type: 'failing', queue: 'observed', maxAttempts: 1 };
    await ask('POST', '/v1/promises', { body: failed });
    await expect
      .poll(async () => {
        await keep();
        return spansOf('run failing').length + spansOf('run calling').length;
      })
      .toBe(2);
    const [run] = spansOf('run calling');
    expect(run?.kind).toBe(SpanKind.CONSUMER);
    expect(run?.attributes).toMatchObject({
      'messaging.system': 'holdfast',
      'messaging.destination.name': 'observed',
      'messaging.operation.type': 'process',
    });
    expect(spansOf('inside')[0]?.parentSpanContext?.spanId).toBe(run?.spanContext().spanId);
    expect(spansOf('run failing')[0]?.status.code).toBe(SpanStatusCode.ERROR);
    const settled = await pointsOf('holdfast.promises.settled');
    const of = (type: string, status: string) =>
      settled.find(({ attributes }) => attributes.type === type && attributes.status === status);
    expect([of('calling', 'completed')?.value, of('failing', 'failed')?.value]).toEqual([1, 1]);
    expect((await pointsOf('messaging.process.duration')).length).toBeGreaterThan(0);
    expect((await pointsOf('process.memory.usage'))[0]?.value).toBeGreaterThan(1e6);
  });
});
