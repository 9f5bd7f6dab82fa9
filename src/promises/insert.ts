import { NOW } from '../db/index.js';
import { SELECT_PROMISES } from './row.js';

/** Where the columns of `shape` stand in it. */
export const SHAPE = [
  'type',
  'queue',
  'priority',
  'runAt',
  'delay',
  'metadata',
  'maxAttempts',
  'backoff',
  'timeoutMs',
  'expiresAt',
  'lane',
  'onParentFailure',
  'uniqueScope',
  'uniquePeriod',
] as const;

export type Shape = Record<(typeof SHAPE)[number], string | number | null>;

/**
 * Texts of the user stay strings inside the set (F13). A payload that goes to `bodies`
 * (F22) stands here as its length: it travels once.
 */
const insertFrom = (set: {
  readonly id: string;
  readonly payload: string;
  readonly key: string;
  readonly uniqueKey: string;
  readonly shape: string;
  /** A condition on all of them. */
  readonly guard: string;
}) => {
  const shape = (column: (typeof SHAPE)[number]) => `(${set.shape} ->> ${SHAPE.indexOf(column)})`;
  const isStrict = `coalesce((
    SELECT q.key_order = 'strict' FROM queues q WHERE q.name = ${shape('queue')}
  ), 0)`;
  const waitsFor = `CASE
    WHEN ${shape('onParentFailure')} IS NOT NULL THEN 'parents'
    WHEN ${shape('lane')} IS NULL THEN NULL
    WHEN ${isStrict} THEN 'turn'
    ELSE 'lane'
  END`;
  return `
INSERT INTO promises (id, type, queue, status, waits_for, priority, run_at, key, unique_key,
  unique_scope, unique_until, expires_at, lane, is_strict, on_parent_failure, payload,
  payload_length, metadata, max_attempts, backoff, timeout_ms, created_at)
SELECT ${set.id}, ${shape('type')}, ${shape('queue')},
  iif(${shape('onParentFailure')} IS NULL AND ${shape('lane')} IS NULL, 'pending', 'waiting'),
  ${waitsFor}, ${shape('priority')}, coalesce(${shape('runAt')}, now + ${shape('delay')}),
  ${set.key}, ${set.uniqueKey}, ${shape('uniqueScope')}, now + ${shape('uniquePeriod')},
  ${shape('expiresAt')}, ${shape('lane')}, iif(${shape('lane')} IS NULL, 0, ${isStrict}),
  ${shape('onParentFailure')},
  iif(typeof(${set.payload}) = 'text', ${set.payload}, NULL),
  iif(typeof(${set.payload}) = 'text', length(${set.payload}), ${set.payload}), ${shape('metadata')}, ${shape('maxAttempts')}, ${shape('backoff')},
  ${shape('timeoutMs')}, now
FROM (SELECT ${NOW} AS now) CROSS JOIN json_each(?2) WHERE ${set.guard}
ON CONFLICT DO NOTHING`;
};

/** Promises that differ in id and payload only: `?2` is {id: payload or length}, `?3` their shape. */
export const INSERT_ALIKE = insertFrom({
  id: 'key',
  payload: 'value',
  key: 'NULL',
  uniqueKey: 'NULL',
  shape: '?3',
  guard: 'true',
});

/** After `INSERT_ALIKE`: how many it made; they share the times of the first, `?1`. */
export const SELECT_ALIKE =
  'SELECT changes() AS made, run_at, created_at FROM promises WHERE id = ?1';

const insertEach = (guard: string) => `${insertFrom({
  id: 'value ->> 0',
  payload: 'value ->> 1',
  key: 'value ->> 2',
  uniqueKey: 'value ->> 3',
  shape: '(value ->> 4)',
  guard,
})}
RETURNING id, run_at, created_at`;

/** Any promises of one line: `?2` is an array of [id, payload or length, key, uniqueKey, shape]. */
export const INSERT_EACH = insertEach('true');

/** The same, made by the run of `?3` if that still has its promise by the fence `?4`. */
export const INSERT_BY_RUN = insertEach(`EXISTS (
  SELECT 1 FROM promises maker
  WHERE maker.id = ?3 AND maker.fence = ?4 AND maker.status = 'in_progress'
)`);

/** Large payloads of a set, `?1` as {id: payload}. A promise that was not made leaves no body behind. */
export const INSERT_BODIES = `
INSERT INTO bodies (promise_id, part, body)
SELECT given.key, 'payload', given.value FROM json_each(?1) given
WHERE EXISTS (SELECT 1 FROM promises WHERE id = given.key)
ON CONFLICT DO NOTHING`;

export const INSERT_TAGS = `
INSERT INTO tags (tag, seq)
SELECT given.value ->> 1, p.seq
FROM json_each(?1) given CROSS JOIN promises p ON p.id = given.value ->> 0 WHERE true
ON CONFLICT DO NOTHING`;

export const INSERT_DEPENDENCIES = `
INSERT INTO dependencies (child_id, parent_id)
SELECT given.value ->> 0, given.value ->> 1 FROM json_each(?1) given
WHERE EXISTS (SELECT 1 FROM promises WHERE id = given.value ->> 0)
ON CONFLICT DO NOTHING`;

/** `?1` as [[id, url], …]. */
export const INSERT_CALLBACKS = `
INSERT INTO callbacks (promise_id, url)
SELECT given.value ->> 0, given.value ->> 1 FROM json_each(?1) given
WHERE EXISTS (SELECT 1 FROM promises WHERE id = given.value ->> 0)
ON CONFLICT DO NOTHING`;

/** `?1` as [[id, origin], …]. */
export const INSERT_ORIGINS = `
INSERT INTO origins (promise_id, origin)
SELECT given.value ->> 0, given.value ->> 1 FROM json_each(?1) given
WHERE EXISTS (SELECT 1 FROM promises WHERE id = given.value ->> 0)
ON CONFLICT DO NOTHING`;

/** Lanes that promises were just made in, `?1` as [[queue, lane], …]. */
export const ENTER_LANES = `
INSERT INTO lanes (queue, lane, look_at)
SELECT DISTINCT value ->> 0, value ->> 1, 0 FROM json_each(?1) WHERE true
ON CONFLICT (queue, lane) DO UPDATE SET look_at = 0`;

export const SELECT_MADE = `
${SELECT_PROMISES} WHERE p.id IN (SELECT value ->> 'id' FROM json_each(?1))
UNION ALL
${SELECT_PROMISES} JOIN (
  SELECT value ->> 'key' AS key, value ->> 'type' AS type, value ->> 'id' AS id FROM json_each(?1)
) asked ON p.unique_key = asked.key AND p.type = asked.type AND p.id <> asked.id`;
