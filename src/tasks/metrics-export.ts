import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import { meterInUse } from '../core/index.js';
import { STATUSES } from '../promises/index.js';
import type { ServiceTelemetry, TelemetryReport } from './service-telemetry.js';

type Kind = 'counter' | 'gauge';

/** Every metric that is read when somebody collects. The durations of calls and runs are recorded as they end. */
const METRICS = {
  'holdfast.db.busy': ['counter', '{answer}', 'Answers BUSY.'],
  'holdfast.db.retries': ['counter', '{retry}', 'Calls that were tried again.'],
  'holdfast.db.lock.waits': [
    'counter',
    '{wait}',
    'Times that the write lock was not free at once.',
  ],
  'holdfast.db.rows.read': ['counter', '{row}', 'Rows read, where the server tells.'],
  'holdfast.db.rows.written': ['counter', '{row}', 'Rows written, where the server tells.'],
  'holdfast.db.connections.discarded': ['counter', '{connection}', 'Connections replaced.'],
  'holdfast.db.wal.size': ['gauge', 'By', 'Size of the WAL file.'],
  'holdfast.promises.settled': ['counter', '{promise}', 'Promises that attempts ended for good.'],
  'holdfast.attempts.retried': ['counter', '{attempt}', 'Attempts that are tried again.'],
  'holdfast.attempts.recovered': ['counter', '{attempt}', 'Attempts that lost their worker.'],
  'holdfast.promises': ['gauge', '{promise}', 'Promises that the queue holds.'],
  'holdfast.queue.oldest_ready': ['gauge', 's', 'How long the oldest due promise has been due.'],
  'process.memory.usage': ['gauge', 'By', 'Resident memory.'],
} as const satisfies Record<string, readonly [Kind, string, string]>;

type MetricName = keyof typeof METRICS;
type Instruments = Readonly<Record<MetricName, Observable>>;

/**
 * Gives the program's OpenTelemetry SDK the numbers of a service when it collects, until
 * `stopping`. Does nothing where no SDK is registered by now.
 */
export function exportMetrics(
  telemetry: Pick<ServiceTelemetry, 'report'>,
  stopping: AbortSignal,
): void {
  const meter = meterInUse();
  if (meter === undefined) return;
  const names = Object.keys(METRICS) as MetricName[];
  const instruments = Object.fromEntries(
    names.map((name) => [name, instrumentOf(meter, name)]),
  ) as Instruments;
  const observables = Object.values(instruments);
  const observe = async (result: BatchObservableResult) => {
    const report = await telemetry.report();
    observeDatabases(result, instruments, report);
    observePromises(result, instruments, report);
    const { memory } = report;
    if (memory !== null) result.observe(instruments['process.memory.usage'], memory.rssBytes);
  };
  meter.addBatchObservableCallback(observe, observables);
  const stop = () => meter.removeBatchObservableCallback(observe, observables);
  stopping.addEventListener('abort', stop, { once: true });
}

function instrumentOf(meter: Meter, name: MetricName): Observable {
  const [kind, unit, description] = METRICS[name];
  const options = { unit, description };
  return kind === 'counter'
    ? meter.createObservableCounter(name, options)
    : meter.createObservableGauge(name, options);
}

function observeDatabases(
  result: BatchObservableResult,
  to: Instruments,
  { databases }: TelemetryReport,
): void {
  for (const [name, database] of Object.entries(databases)) {
    const own = { 'db.system.name': 'sqlite', 'db.namespace': name };
    result.observe(to['holdfast.db.connections.discarded'], database.connectionsDiscarded, own);
    if (database.walBytes !== null) {
      result.observe(to['holdfast.db.wal.size'], database.walBytes, own);
    }
    for (const [label, counts] of Object.entries(database.labels)) {
      const by = { ...own, 'db.query.summary': label };
      result.observe(to['holdfast.db.busy'], counts.busy, by);
      result.observe(to['holdfast.db.retries'], counts.retries, by);
      result.observe(to['holdfast.db.lock.waits'], counts.lockWaits, by);
      if (counts.rowsRead !== null)
        result.observe(to['holdfast.db.rows.read'], counts.rowsRead, by);
      if (counts.rowsWritten !== null) {
        result.observe(to['holdfast.db.rows.written'], counts.rowsWritten, by);
      }
    }
  }
}

function observePromises(
  result: BatchObservableResult,
  to: Instruments,
  { lines, queues }: TelemetryReport,
): void {
  for (const line of lines) {
    const by = { queue: line.queue, type: line.type };
    for (const status of ['completed', 'failed', 'cancelled'] as const) {
      result.observe(to['holdfast.promises.settled'], line[status], { ...by, status });
    }
    result.observe(to['holdfast.attempts.retried'], line.retried, by);
    result.observe(to['holdfast.attempts.recovered'], line.recovered, by);
  }
  for (const { queue, type, counts, oldestReadyAgeMs: ms } of queues ?? []) {
    for (const status of STATUSES) {
      result.observe(to['holdfast.promises'], counts[status], { queue, type, status });
    }
    if (ms !== null) result.observe(to['holdfast.queue.oldest_ready'], ms / 1_000, { queue, type });
  }
}
