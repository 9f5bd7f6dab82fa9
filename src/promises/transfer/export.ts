import { systemClock } from '../../core/index.js';
import type { Database, Row, SqlValue } from '../../db/index.js';
import { jsonOf, numberOf, textOf } from '../row.js';
import {
  type Digest,
  EXPORT_VERSION,
  type ExportLine,
  noLines,
  type RecordLine,
} from './format.js';

/** Rows of one page, and the text after which it ends. */
const PAGE = { rows: 500, length: 2_000_000 } as const;
/** Failures of one promise, newest first. */
const FAILURES_MAX = 100;

const SELECT_QUEUES = `
SELECT name, paused, concurrency, rate_limit, rate_period_ms, key_concurrency, key_rate_limit,
  key_rate_period_ms, key_order, lease_ms, retention
FROM queues WHERE name > ?1 ORDER BY name LIMIT ${PAGE.rows}`;

const SELECT_PAUSED_TYPES = `
SELECT type FROM paused_types WHERE type > ?1 ORDER BY type LIMIT ${PAGE.rows}`;

/** Templates are bounded: fewer of them fit into a page. */
const SELECT_SCHEDULES = `
SELECT name, id, revision, input, promise, anchor_at, next_slot_at, paused_at, created_at, updated_at
FROM schedules WHERE name > ?1 ORDER BY name LIMIT ${PAGE.rows / 10}`;

const SELECT_OCCURRENCES = `
SELECT schedule_id, kind AS occurrence, slot_at, promise_id, reason, last_slot_at, slots, token,
  recorded_at
FROM occurrences WHERE (schedule_id, kind, slot_at) > (?1, ?2, ?3)
ORDER BY schedule_id, kind, slot_at LIMIT ${PAGE.rows}`;

const SELECT_SUBSCRIPTIONS = `
SELECT seq, id, tenant, url, kinds, types, queues, secret, previous_secret, previous_until, paused,
  created_at
FROM subscriptions WHERE seq > ?1 ORDER BY seq LIMIT ${PAGE.rows}`;

const SELECT_CALLBACKS = `
SELECT promise_id, url FROM callbacks WHERE promise_id > ?1 ORDER BY promise_id LIMIT ${PAGE.rows}`;

const SELECT_ORIGINS = `
SELECT promise_id, origin FROM origins WHERE promise_id > ?1 ORDER BY promise_id LIMIT ${PAGE.rows}`;

const SELECT_SENDS = `
SELECT promise_id, key, token, state, receipt, begun_at FROM sends WHERE (promise_id, key) > (?1, ?2)
ORDER BY promise_id, key LIMIT ${PAGE.rows}`;

/** A page ends where its text would be too long for a server; its first row is in it whatever its length. */
const SELECT_PROMISES = `
WITH page AS (
  SELECT p.seq, 1000 + coalesce(length(p.payload), 0) + coalesce(length(p.result), 0) + (
    SELECT coalesce(sum(length(b.body)), 0) FROM bodies b WHERE b.promise_id = p.id
  ) AS length
  FROM promises p WHERE p.seq > ?1 ORDER BY p.seq LIMIT ${PAGE.rows}
), fitting AS (
  SELECT seq FROM (
    SELECT seq, sum(length) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) - length AS before
    FROM page
  ) WHERE before < ${PAGE.length}
)
SELECT p.seq, p.id, p.type, p.queue, p.status, p.waits_for, p.priority, p.run_at, p.key,
  p.unique_key, p.unique_scope, p.unique_until, p.expires_at, p.lane, p.is_strict,
  p.on_parent_failure,
  coalesce(p.payload, (SELECT body FROM bodies WHERE promise_id = p.id AND part = 'payload')) AS payload,
  coalesce(p.result, (SELECT body FROM bodies WHERE promise_id = p.id AND part = 'result')) AS result,
  coalesce(p.state, (SELECT body FROM bodies WHERE promise_id = p.id AND part = 'state')) AS state,
  p.metadata, p.max_attempts, p.backoff, p.timeout_ms, p.attempt, p.crashes, p.epoch, p.fence,
  p.outcome, p.outcome_fence, p.error, p.progress, p.created_at, p.started_at, p.settled_at,
  (SELECT json_group_array(tag) FROM tags WHERE seq = p.seq) AS tags,
  (SELECT json_group_array(json_array(parent_id, outcome)) FROM dependencies
   WHERE child_id = p.id) AS parents,
  (SELECT json_group_array(json_array(fence, attempt, failed_at, error)) FROM (
    SELECT * FROM failures WHERE promise_id = p.id ORDER BY fence DESC LIMIT ${FAILURES_MAX}
  )) AS failures
FROM fitting CROSS JOIN promises p ON p.seq = fitting.seq ORDER BY p.seq`;

/**
 * Everything that a `queue` database keeps, one JSON text a line, each with its line
 * feed. Read page by page: what changes meanwhile is in it as it was when its page was
 * read. Claims are left out: what runs is in it, and will run again.
 */
export async function* exportLines(
  database: Database,
  digest: Digest,
  exportedAt: number,
): AsyncGenerator<string, void, undefined> {
  const lines = noLines();
  const summed = async (line: ExportLine) => {
    const text = textOfLine(line);
    await digest.update(text);
    return text;
  };
  yield await summed({
    kind: 'holdfast-export',
    version: EXPORT_VERSION,
    exportedAt: new Date(exportedAt).toISOString(),
  });
  for await (const line of records(database)) {
    lines[line.kind] += 1;
    yield await summed(line);
  }
  yield textOfLine({ kind: 'end', lines, digest: await digest.value() });
}

function textOfLine(line: ExportLine): string {
  return `${JSON.stringify(line)}\n`;
}

async function* records(database: Database): AsyncGenerator<RecordLine> {
  const queues = pages(database, SELECT_QUEUES, [''], (row) => [textOf(row, 'name')]);
  for await (const row of queues) yield { kind: 'queue', ...row } as RecordLine;
  const types = pages(database, SELECT_PAUSED_TYPES, [''], (row) => [textOf(row, 'type')]);
  for await (const row of types) yield { kind: 'paused-type', ...row } as RecordLine;
  const schedules = pages(database, SELECT_SCHEDULES, [''], (row) => [textOf(row, 'name')]);
  for await (const row of schedules) yield { kind: 'schedule', ...row } as RecordLine;
  const occurrences = pages(database, SELECT_OCCURRENCES, ['', '', 0], (row) => [
    textOf(row, 'schedule_id'),
    textOf(row, 'occurrence'),
    numberOf(row, 'slot_at'),
  ]);
  for await (const row of occurrences) yield { kind: 'occurrence', ...row } as RecordLine;
  const subscriptions = pages(database, SELECT_SUBSCRIPTIONS, [0], (row) => [numberOf(row, 'seq')]);
  for await (const { seq: _, ...row } of subscriptions) {
    yield { kind: 'subscription', ...row } as RecordLine;
  }
  const promises = pages(database, SELECT_PROMISES, [0], (row) => [numberOf(row, 'seq')]);
  for await (const { seq: _, ...row } of promises) {
    const lists = {
      tags: jsonOf(row, 'tags'),
      parents: jsonOf(row, 'parents'),
      failures: jsonOf(row, 'failures'),
    };
    yield { kind: 'promise', ...row, ...lists } as RecordLine;
  }
  const callbacks = pages(database, SELECT_CALLBACKS, [''], (row) => [textOf(row, 'promise_id')]);
  for await (const row of callbacks) yield { kind: 'callback', ...row } as RecordLine;
  const origins = pages(database, SELECT_ORIGINS, [''], (row) => [textOf(row, 'promise_id')]);
  for await (const row of origins) yield { kind: 'origin', ...row } as RecordLine;
  const sends = pages(database, SELECT_SENDS, ['', ''], (row) => [
    textOf(row, 'promise_id'),
    textOf(row, 'key'),
  ]);
  for await (const row of sends) yield { kind: 'send', ...row } as RecordLine;
}

/** Rows page by page, until a page is empty. */
async function* pages(
  database: Database,
  sql: string,
  start: readonly SqlValue[],
  placeOf: (row: Row) => readonly SqlValue[],
): AsyncGenerator<Row> {
  for (let args = start; ; ) {
    const [page] = await database.read([{ sql, args }], { label: 'transfer.export' });
    const rows = page?.rows ?? [];
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    args = placeOf(last);
    // A file is read at once: others get a turn.
    await systemClock.sleep(0);
  }
}
