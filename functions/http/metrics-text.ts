import type { LabelTelemetry, Telemetry } from '../../src/db/index.js';
import { type LineTelemetry, STATUSES } from '../../src/promises/index.js';
import type { TelemetryReport } from '../../src/tasks/index.js';
import { VERSION } from '../version.js';
import { type Labels, PrometheusText } from './prometheus-text.js';

/** A report as Prometheus reads it. Durations are seconds. */
export function metricsText(report: TelemetryReport): string {
  const text = new PrometheusText();
  text.gauge('holdfast_build_info', 'Always 1; which version this is.', [
    [{ version: VERSION }, 1],
  ]);
  addMemory(text, report);
  addDatabases(text, Object.entries(report.databases));
  addLines(text, report.lines);
  addQueues(text, report.queues);
  return text.toString();
}

function addMemory(text: PrometheusText, { memory }: TelemetryReport): void {
  if (memory === null) return;
  const { rssBytes, heapUsedBytes, heapTotalBytes, externalBytes } = memory;
  text
    .gauge('process_resident_memory_bytes', 'Resident memory.', [[{}, rssBytes]])
    .gauge('holdfast_heap_used_bytes', 'Heap in use.', [[{}, heapUsedBytes]])
    .gauge('holdfast_heap_total_bytes', 'Heap taken.', [[{}, heapTotalBytes]])
    .gauge('holdfast_external_memory_bytes', 'Memory outside the heap.', [[{}, externalBytes]]);
}

type Named = readonly (readonly [name: string, telemetry: Telemetry])[];

function addDatabases(text: PrometheusText, databases: Named): void {
  const each = (of: (one: Telemetry) => number | null) =>
    databases.map(([database, one]) => [{ database }, of(one)] as const);
  const labels = databases.flatMap(([database, { labels: found }]) =>
    Object.entries(found).map(([label, counts]) => [{ database, label }, counts] as const),
  );
  addOperations(text, labels);
  text
    .gauge(
      'holdfast_db_wal_bytes',
      'Size of the WAL file.',
      each((one) => one.walBytes),
    )
    .gauge(
      'holdfast_db_lock_waiting',
      'Operations that wait for the lock now.',
      each((one) => one.waiting),
    )
    .counter(
      'holdfast_db_connections_discarded_total',
      'Connections that were replaced.',
      each((one) => one.connectionsDiscarded),
    )
    .counter(
      'holdfast_db_transactions_expired_total',
      'Transactions that were ended for others.',
      each((one) => one.transactionsExpired),
    )
    .counter(
      'holdfast_db_requests_total',
      'HTTP requests to the server.',
      each((one) => one.requests),
    )
    .counter(
      'holdfast_db_checkpoints_total',
      'Checkpoint rounds.',
      each((one) => one.checkpoints),
    );
}

function addOperations(
  text: PrometheusText,
  labels: readonly (readonly [Labels, LabelTelemetry])[],
): void {
  const each = (of: (counts: LabelTelemetry) => number | null) =>
    labels.map(([names, counts]) => [names, of(counts)] as const);
  const operations = labels.flatMap(([names, { reads, writes }]) => [
    [{ ...names, kind: 'read' }, reads] as const,
    [{ ...names, kind: 'write' }, writes] as const,
  ]);
  text
    .counter('holdfast_db_operations_total', 'Reads and writes.', operations)
    .counter(
      'holdfast_db_failures_total',
      'Calls that failed.',
      each((one) => one.failures),
    )
    .counter(
      'holdfast_db_busy_total',
      'Answers BUSY.',
      each((one) => one.busy),
    )
    .counter(
      'holdfast_db_deadlines_passed_total',
      'Calls that gave up waiting.',
      each((one) => one.deadlinesPassed),
    )
    .counter(
      'holdfast_db_retries_total',
      'Calls that were tried again.',
      each((one) => one.retries),
    )
    .counter(
      'holdfast_db_rows_read_total',
      'Rows read, where the server tells.',
      each((one) => one.rowsRead),
    )
    .counter(
      'holdfast_db_rows_written_total',
      'Rows written, where the server tells.',
      each((one) => one.rowsWritten),
    )
    .gauge(
      'holdfast_db_longest_write_seconds',
      'The longest write so far.',
      each((one) => one.writeMsMax / 1_000),
    )
    .histogram(
      'holdfast_db_lock_wait_seconds',
      'Waits for the write lock.',
      labels.map(([names, { lockWait }]) => [names, lockWait]),
    );
}

/** What is counted of each line, and how it is called. */
const OF_LINES = [
  ['enqueued', 'promises_enqueued', 'Promises made here.'],
  ['claimed', 'attempts_claimed', 'Attempts given to workers.'],
  ['retried', 'attempts_retried', 'Attempts that failed and are tried again.'],
  ['snoozed', 'attempts_snoozed', 'Attempts that asked to be run later.'],
  ['recovered', 'attempts_recovered', 'Attempts that lost their worker and were mended.'],
  ['quarantined', 'promises_quarantined', 'Promises that lost too many workers.'],
] as const satisfies readonly (readonly [keyof LineTelemetry, string, string])[];

function addLines(text: PrometheusText, lines: readonly LineTelemetry[]): void {
  const each = <T>(of: (line: LineTelemetry) => T) =>
    lines.map((line) => [namesOf(line), of(line)] as const);
  for (const [field, name, help] of OF_LINES) {
    text.counter(
      `holdfast_${name}_total`,
      help,
      each((line) => line[field]),
    );
  }
  const settled = lines.flatMap((line) =>
    (['completed', 'failed', 'cancelled'] as const).map(
      (status) => [{ ...namesOf(line), status }, line[status]] as const,
    ),
  );
  text
    .counter(
      'holdfast_promises_settled_total',
      'Promises whose attempts ended for good here.',
      settled,
    )
    .histogram(
      'holdfast_promise_wait_seconds',
      'From due to claimed.',
      each((line) => line.wait),
    )
    .histogram(
      'holdfast_promise_run_seconds',
      'From claimed to ended.',
      each((line) => line.run),
    );
}

function addQueues(text: PrometheusText, queues: TelemetryReport['queues']): void {
  text.gauge('holdfast_queue_up', 'Whether the queue database answers.', [
    [{}, queues === null ? 0 : 1],
  ]);
  const counts = (queues ?? []).flatMap((line) =>
    STATUSES.map((status) => [{ ...namesOf(line), status }, line.counts[status]] as const),
  );
  const ages = (queues ?? []).map((line) => {
    const { oldestReadyAgeMs: ms } = line;
    return [namesOf(line), ms === null ? null : ms / 1_000] as const;
  });
  text
    .gauge('holdfast_promises', 'Promises that the queue holds; depth is status="pending".', counts)
    .gauge('holdfast_oldest_ready_seconds', 'How long the oldest due promise has been due.', ages);
}

function namesOf({ queue, type }: { readonly queue: string; readonly type: string }): Labels {
  return { queue, type };
}
