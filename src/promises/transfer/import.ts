import {
  HoldfastError,
  InputInvalidError,
  inputIssues,
  messageOf,
  systemClock,
} from '../../core/index.js';
import type { Database, SqlClock, Statement } from '../../db/index.js';
import { startOperation } from '../advance.js';
import { LIMITS } from '../limits.js';
import { perform } from '../operation.js';
import { numberOf, textOf } from '../row.js';
import { timeOf } from '../schedules/lookup.js';
import {
  type Digest,
  EXPORT_VERSION,
  EXPORTED_KINDS,
  type ExportedKind,
  type ExportLine,
  exportLine,
  type Lines,
  noLines,
  type PromiseLine,
  type RecordLine,
} from './format.js';
import { insertPromises } from './insert-promises.js';

/** What an import did with the lines of one kind. */
export interface ImportCount {
  /** Written now. */
  imported: number;
  /** There already, from an import before. */
  known: number;
  /** Left out: another promise has its key, another schedule its name, or its promise was. */
  conflicts: number;
}

export type ImportReport = Record<ExportedKind, ImportCount>;

const SET = { size: 500, length: 2_000_000 } as const;

/** Checking so much text takes some milliseconds: then others get a turn. */
const TURN_LENGTH = 250_000;

const INSERTS: Readonly<Record<Exclude<ExportedKind, 'promise'>, string>> = {
  queue: `
INSERT INTO queues (name, paused, concurrency, rate_limit, rate_period_ms, key_concurrency,
  key_rate_limit, key_rate_period_ms, key_order, lease_ms, retention)
SELECT value ->> 'name', value ->> 'paused', value ->> 'concurrency', value ->> 'rate_limit',
  value ->> 'rate_period_ms', value ->> 'key_concurrency', value ->> 'key_rate_limit',
  value ->> 'key_rate_period_ms', value ->> 'key_order', value ->> 'lease_ms',
  value ->> 'retention'
FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING RETURNING name`,
  'paused-type': `
INSERT INTO paused_types (type) SELECT value ->> 'type' FROM json_each(?1) WHERE true
ON CONFLICT DO NOTHING RETURNING type`,
  schedule: `
INSERT INTO schedules (name, id, revision, input, promise, anchor_at, next_slot_at, paused_at,
  created_at, updated_at)
SELECT value ->> 'name', value ->> 'id', value ->> 'revision', value ->> 'input',
  value ->> 'promise', value ->> 'anchor_at', value ->> 'next_slot_at', value ->> 'paused_at',
  value ->> 'created_at', value ->> 'updated_at'
FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING RETURNING name`,
  occurrence: `
INSERT INTO occurrences (schedule_id, kind, slot_at, promise_id, reason, last_slot_at, slots,
  token, recorded_at)
SELECT value ->> 'schedule_id', value ->> 'occurrence', value ->> 'slot_at',
  value ->> 'promise_id', value ->> 'reason', value ->> 'last_slot_at', value ->> 'slots',
  value ->> 'token', value ->> 'recorded_at'
FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING RETURNING slot_at`,
  subscription: `
INSERT INTO subscriptions (id, tenant, url, kinds, types, queues, secret, previous_secret,
  previous_until, paused, created_at)
SELECT value ->> 'id', value ->> 'tenant', value ->> 'url', value ->> 'kinds', value ->> 'types',
  value ->> 'queues', value ->> 'secret', value ->> 'previous_secret', value ->> 'previous_until',
  value ->> 'paused', value ->> 'created_at'
FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING RETURNING id`,
  callback: insertOfPromise('callbacks', ['url']),
  origin: insertOfPromise('origins', ['origin']),
  send: insertOfPromise('sends', ['key', 'token', 'state', 'receipt', 'begun_at']),
};

/** Rows that hang on promises that are there. */
function insertOfPromise(table: string, columns: readonly string[]): string {
  const given = columns.map((column) => `value ->> '${column}'`);
  return `
INSERT INTO ${table} (promise_id, ${columns.join(', ')})
SELECT value ->> 'promise_id', ${given.join(', ')} FROM json_each(?1)
WHERE EXISTS (SELECT 1 FROM promises p WHERE p.id = value ->> 'promise_id')
ON CONFLICT DO NOTHING RETURNING promise_id`;
}

/** Kinds of such rows. */
const OF_PROMISES: ReadonlySet<ExportedKind> = new Set(['callback', 'origin', 'send']);

/** Names that another schedule has here. */
const SELECT_OTHER_SCHEDULES = `
SELECT count(*) AS n FROM json_each(?1) given JOIN schedules s ON s.name = given.value ->> 'name'
WHERE s.id <> given.value ->> 'id'`;

/** What hangs on promises that were left out. */
const SELECT_WITHOUT_PROMISE = `
SELECT count(*) AS n FROM json_each(?1) given
WHERE NOT EXISTS (SELECT 1 FROM promises p WHERE p.id = given.value ->> 'promise_id')`;

const SELECT_WAITING = `
SELECT seq, id FROM promises WHERE seq > ?1 AND waits_for = 'parents'
ORDER BY seq LIMIT ${LIMITS.sliceMax}`;

/**
 * Brings the lines of an export into a `queue` database. What is there already stays
 * as it is, so that an import that was broken off is begun again from the start. What ran
 * when it was exported is due at once, its attempt given back.
 * @throws InputInvalidError naming the line; HoldfastError `export-incomplete` when the
 *   last line is missing or does not fit what came before it
 */
export async function importLines(
  database: Database,
  clock: SqlClock,
  texts: Lines,
  digest: Digest,
): Promise<ImportReport> {
  const report = emptyReport();
  const now = await timeOf(database, clock);
  for await (const set of setsOf(linesOf(texts, digest))) {
    const { kind } = set[0] as RecordLine;
    const counts = await insert(database, now, kind, set);
    for (const part of ['imported', 'known', 'conflicts'] as const) {
      report[kind][part] += counts[part];
    }
  }
  await start(database, clock);
  return report;
}

/** Checks an export without a database. @throws as `importLines` */
export async function verifyLines(
  texts: Lines,
  digest: Digest,
): Promise<Record<ExportedKind, number>> {
  const lines = noLines();
  for await (const line of linesOf(texts, digest)) lines[line.kind] += 1;
  return lines;
}

async function insert(
  database: Database,
  now: number,
  kind: ExportedKind,
  set: readonly RecordLine[],
): Promise<ImportCount> {
  if (kind === 'promise') return insertPromises(database, now, set.filter(isPromise));
  const texts = JSON.stringify(set);
  const statements: Statement[] = [{ sql: INSERTS[kind], args: [texts] }];
  if (kind === 'schedule') statements.push({ sql: SELECT_OTHER_SCHEDULES, args: [texts] });
  if (OF_PROMISES.has(kind)) statements.push({ sql: SELECT_WITHOUT_PROMISE, args: [texts] });
  const [made, others] = await database.write(statements, {
    label: 'transfer.import',
    idempotent: true,
  });
  const imported = made?.rows.length ?? 0;
  const conflicts = others === undefined ? 0 : numberOf(others.rows[0] ?? {}, 'n');
  return { imported, conflicts, known: set.length - imported - conflicts };
}

function isPromise(line: RecordLine): line is PromiseLine {
  return line.kind === 'promise';
}

/** Lets promises begin whose parents were settled before they came, now that all are there. */
async function start(database: Database, clock: SqlClock): Promise<void> {
  for (let after = 0; ; ) {
    const [found] = await database.read([{ sql: SELECT_WAITING, args: [after] }], {
      label: 'transfer.import',
    });
    const rows = found?.rows ?? [];
    const last = rows.at(-1);
    if (last === undefined) return;
    await perform(database, 'transfer.import', [
      startOperation(
        rows.map((row) => textOf(row, 'id')),
        clock,
      ),
    ]);
    after = numberOf(last, 'seq');
  }
}

/** Lines of one kind that fit into a write. */
async function* setsOf(lines: AsyncIterable<RecordLine>): AsyncGenerator<RecordLine[]> {
  let set: RecordLine[] = [];
  let length = 0;
  for await (const line of lines) {
    const lineLength = JSON.stringify(line).length;
    const isOther = set[0] !== undefined && set[0].kind !== line.kind;
    const isFull = set.length >= SET.size || length + lineLength > SET.length;
    if (set.length > 0 && (isOther || isFull)) {
      yield set;
      [set, length] = [[], 0];
    }
    set.push(line);
    length += lineLength;
  }
  if (set.length > 0) yield set;
}

/** The records of an export, checked line by line; the last line must fit them. */
async function* linesOf(texts: Lines, digest: Digest): AsyncGenerator<RecordLine> {
  const seen = noLines();
  let number = 0;
  let isEnded = false;
  let lengthInTurn = 0;
  for await (const text of texts) {
    number += 1;
    lengthInTurn += text.length;
    if (lengthInTurn > TURN_LENGTH) {
      await systemClock.sleep(0);
      lengthInTurn = 0;
    }
    if (text.trim() === '') continue;
    if (isEnded) throw incomplete('there are lines after the last one');
    const line = parseLine(text, number);
    if ((number === 1) !== (line.kind === 'holdfast-export')) throw notAnExport(number, text);
    if (line.kind === 'end') {
      requireWhole(line, seen, await digest.value());
      isEnded = true;
      continue;
    }
    await digest.update(`${text}\n`);
    if (line.kind === 'holdfast-export') {
      requireVersion(line);
      continue;
    }
    seen[line.kind] += 1;
    yield line;
  }
  if (!isEnded) throw incomplete(`its last line is missing: it ends after line ${number}`);
}

function parseLine(text: string, number: number): ExportLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputInvalidError([
      { path: `line ${number}`, rule: `must be JSON: ${messageOf(error)}`, received: show(text) },
    ]);
  }
  const parsed = exportLine.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InputInvalidError(inputIssues(parsed.error, value, `line ${number}`));
}

function requireVersion(line: Extract<ExportLine, { kind: 'holdfast-export' }>): void {
  if (line.version <= EXPORT_VERSION) return;
  const rule = `must be at most ${EXPORT_VERSION}: a newer Holdfast has written this`;
  throw new InputInvalidError([{ path: 'version', rule, received: String(line.version) }]);
}

function requireWhole(
  end: Extract<ExportLine, { kind: 'end' }>,
  seen: Record<ExportedKind, number>,
  digest: string,
): void {
  for (const [kind, count] of Object.entries(seen)) {
    const wanted = end.lines[kind as ExportedKind] ?? 0;
    if (wanted !== count) throw incomplete(`${kind}: ${count} lines, its last line says ${wanted}`);
  }
  if (end.digest !== digest) throw incomplete('its digest does not fit: it was changed');
}

function incomplete(why: string): HoldfastError {
  return new HoldfastError('export-incomplete', `the export is not whole: ${why}`);
}

function notAnExport(number: number, text: string): InputInvalidError {
  const rule = 'must be of a Holdfast export, whose first line says so';
  return new InputInvalidError([{ path: `line ${number}`, rule, received: show(text) }]);
}

function show(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 99)}…` : text);
}

function emptyReport(): ImportReport {
  const none = () => ({ imported: 0, known: 0, conflicts: 0 });
  return Object.fromEntries(EXPORTED_KINDS.map((kind) => [kind, none()])) as ImportReport;
}
