import type { Database } from '../../db/index.js';
import { ENTER_LANES } from '../insert.js';
import { LIMITS } from '../limits.js';
import { numberOf } from '../row.js';
import { STATUSES } from '../states.js';
import type { PromiseLine } from './format.js';
import type { ImportCount } from './import.js';

/** Columns that are written as they were exported. */
const COLUMNS = [
  'id',
  'type',
  'queue',
  'priority',
  'run_at',
  'key',
  'unique_key',
  'unique_scope',
  'unique_until',
  'expires_at',
  'lane',
  'is_strict',
  'on_parent_failure',
  'metadata',
  'max_attempts',
  'backoff',
  'timeout_ms',
  'crashes',
  'epoch',
  'outcome',
  'outcome_fence',
  'error',
  'progress',
  'created_at',
  'started_at',
  'settled_at',
  'status',
  'waits_for',
  'attempt',
  'fence',
] as const;

const given = (column: string) => `given.value ->> '${column}'`;

/** What is not there yet: the other statements of the write agree on it. */
const CHOOSE = `
INSERT INTO scratch (id) SELECT ${given('id')} FROM json_each(?1) given
WHERE NOT EXISTS (SELECT 1 FROM promises p WHERE p.id = ${given('id')})`;

const INSERT = `
INSERT INTO promises (${COLUMNS.join(', ')}, payload, payload_length, result, state)
SELECT ${COLUMNS.map(given).join(', ')},
  iif(length(${given('payload')}) <= ${LIMITS.inlineLengthMax}, ${given('payload')}, NULL),
  length(${given('payload')}),
  iif(length(${given('result')}) <= ${LIMITS.inlineLengthMax}, ${given('result')}, NULL),
  iif(length(${given('state')}) <= ${LIMITS.inlineLengthMax}, ${given('state')}, NULL)
FROM json_each(?1) given WHERE ${given('id')} IN (SELECT id FROM scratch)
ON CONFLICT DO NOTHING`;

/** Another promise has the key. */
const DROP_CONFLICTS = `
DELETE FROM scratch WHERE NOT EXISTS (SELECT 1 FROM promises p WHERE p.id = scratch.id)`;

const COUNT = `
INSERT INTO lines (queue, type, ${STATUSES.join(', ')})
SELECT p.queue, p.type, ${STATUSES.map((status) => `sum(p.status = '${status}')`).join(', ')}
FROM scratch s CROSS JOIN promises p ON p.id = s.id GROUP BY p.queue, p.type
ON CONFLICT (queue, type) DO UPDATE SET
  ${STATUSES.map((status) => `${status} = ${status} + excluded.${status}`).join(', ')}`;

const INSERT_BODIES = `
INSERT INTO bodies (promise_id, part, body)
SELECT ${given('id')}, part.value, given.value ->> part.value
FROM json_each(?1) given CROSS JOIN json_each('["payload","result","state"]') part
WHERE length(given.value ->> part.value) > ${LIMITS.inlineLengthMax}
  AND ${given('id')} IN (SELECT id FROM scratch)
ON CONFLICT DO NOTHING`;

const INSERT_FAILURES = `
INSERT INTO failures (promise_id, fence, attempt, failed_at, error)
SELECT ${given('id')}, f.value ->> 0, f.value ->> 1, f.value ->> 2, f.value ->> 3
FROM json_each(?1) given CROSS JOIN json_each(given.value, '$.failures') f
WHERE ${given('id')} IN (SELECT id FROM scratch)
ON CONFLICT DO NOTHING`;

const INSERT_PARENTS = `
INSERT INTO dependencies (child_id, parent_id, outcome)
SELECT ${given('id')}, f.value ->> 0, f.value ->> 1
FROM json_each(?1) given CROSS JOIN json_each(given.value, '$.parents') f
WHERE ${given('id')} IN (SELECT id FROM scratch)
ON CONFLICT DO NOTHING`;

const INSERT_TAGS = `
INSERT INTO tags (tag, seq)
SELECT t.value, p.seq
FROM json_each(?1) given CROSS JOIN json_each(given.value, '$.tags') t
CROSS JOIN promises p ON p.id = ${given('id')}
WHERE p.id IN (SELECT id FROM scratch)
ON CONFLICT DO NOTHING`;

const SELECT_REPORT = `
SELECT (SELECT count(*) FROM scratch) AS imported, (
  SELECT count(*) FROM json_each(?1) given
  WHERE EXISTS (SELECT 1 FROM promises p WHERE p.id = ${given('id')})
) AS found`;

const CLEAR = 'DELETE FROM scratch';

/** Inserts promises that are not there yet, with all that is theirs, and counts them: one write. */
export async function insertPromises(
  database: Database,
  now: number,
  lines: readonly PromiseLine[],
): Promise<ImportCount> {
  const set = JSON.stringify(lines.map((line) => restored(line, now)));
  const lanes = lines
    .filter((line) => line.lane !== null && line.settled_at === null)
    .map(({ queue, lane }) => [queue, lane]);
  const inserts = [CHOOSE, INSERT, DROP_CONFLICTS, COUNT, INSERT_BODIES, INSERT_FAILURES];
  const statements = [
    ...inserts.map((sql) => ({ sql, args: sql === DROP_CONFLICTS || sql === COUNT ? [] : [set] })),
    { sql: INSERT_PARENTS, args: [set] },
    { sql: INSERT_TAGS, args: [set] },
    ...(lanes.length > 0 ? [{ sql: ENTER_LANES, args: [JSON.stringify(lanes)] }] : []),
    { sql: SELECT_REPORT, args: [set] },
    { sql: CLEAR },
  ];
  const results = await database.write(statements, { label: 'transfer.import', idempotent: true });
  const row = results.at(-2)?.rows[0] ?? {};
  const imported = numberOf(row, 'imported');
  const found = numberOf(row, 'found');
  return { imported, known: found - imported, conflicts: lines.length - found };
}

/**
 * What runs is due again, its attempt given back and its old worker fenced off. What
 * had been admitted to a lane waits for it anew.
 */
function restored(line: PromiseLine, now: number): PromiseLine {
  const isRunning = line.status === 'in_progress';
  const back = isRunning
    ? { attempt: Math.max(0, line.attempt - 1), fence: line.fence + 1, run_at: now }
    : {};
  if (line.settled_at !== null || line.waits_for === 'parents') return line;
  if (line.lane === null) return { ...line, ...back, status: 'pending' };
  return { ...line, ...back, status: 'waiting', waits_for: line.is_strict ? 'turn' : 'lane' };
}
