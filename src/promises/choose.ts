import type { Migration } from '../db/index.js';
import { NOW } from '../db/index.js';
import { spanOf } from './events.js';
import { LIMITS } from './limits.js';
import { OPEN_LINES } from './lines.js';

/** The rows of a claim, where there is no gap between them; else null. */
const RANGE = ['first_seq', 'last_seq'].map(
  (column) => `ALTER TABLE claims ADD COLUMN ${column} INTEGER`,
);

export const claimRangeMigrations: readonly Migration[] = [
  { version: 160, name: 'ranges of claims', statements: RANGE },
];

/** Due promises of the open lines, first priorities first: a seek a line and priority (F21). */
const READY = `
SELECT p.seq, p.id, p.queue, p.type, p.priority, p.run_at, p.payload_length, line.room
FROM line CROSS JOIN promises p ON p.seq IN (
  SELECT r.seq FROM promises r INDEXED BY promises_ready_by_line
  WHERE r.status = 'pending' AND r.queue = line.queue AND r.type = line.type
    AND r.priority = line.priority AND r.run_at <= ${NOW}
  ORDER BY r.run_at LIMIT ?4
)
WHERE line.room > 0 AND (p.expires_at IS NULL OR p.expires_at > ${NOW} OR p.started_at IS NOT NULL)
ORDER BY p.priority, p.run_at, p.seq LIMIT ?4`;

/** The promise `?8`, if it is due and its queue has room. */
const READY_ONE = `
SELECT p.seq, p.id, p.queue, p.type, p.priority, p.run_at, p.payload_length, line.room
FROM line CROSS JOIN promises p
WHERE p.id = ?8 AND p.status = 'pending' AND p.queue = line.queue AND p.type = line.type
  AND p.priority = line.priority AND p.run_at <= ${NOW} AND line.room > 0
  AND (p.expires_at IS NULL OR p.expires_at > ${NOW} OR p.started_at IS NOT NULL)
LIMIT ?4`;

/** Within the limits of each queue. */
const READY_IN_LIMITS = `
SELECT * FROM (
  SELECT *, row_number() OVER (PARTITION BY queue ORDER BY priority, run_at, seq) AS place
  FROM (${READY})
) WHERE place <= room`;

/** Promises by their rows: the list, and the range when there is no gap in it. */
const SEQS = `
json_group_array(seq) AS seqs, count(*) AS n,
  iif(count(*) = max(seq) - min(seq) + 1, min(seq), NULL) AS first_seq,
  iif(count(*) = max(seq) - min(seq) + 1, max(seq), NULL) AS last_seq`;

const SPAN = spanOf('id');

/** All that is ready, in one row: a claim is mostly of one line, made at about one time, and fits. */
const WHOLE = `
SELECT ${SEQS}, json_group_array(id) AS ids,
  min(queue) AS queue, min(type) AS type, min(${SPAN}) AS span,
  min(queue) = max(queue) AND min(type) = max(type) AND min(${SPAN}) = max(${SPAN})
    AND sum(payload_length) < ${LIMITS.claimLengthMax} AS is_alike
FROM ready`;

const IS_MIXED = '(SELECT n > 0 AND NOT is_alike FROM whole)';

/** What of it fits into one answer. */
const FITTING = `
SELECT seq, id, queue, type FROM (
  SELECT *, sum(payload_length) OVER (
    ORDER BY priority, run_at, seq ROWS UNBOUNDED PRECEDING
  ) AS length FROM ready WHERE ${IS_MIXED}
) WHERE length - payload_length < ${LIMITS.claimLengthMax}`;

/** By line and span. */
const LINES = `
SELECT json_group_array(json_array(queue, type, n, span, json(ids))) FROM (
  SELECT queue, type, count(*) AS n, ${SPAN} AS span, json_group_array(id) AS ids
  FROM fitting GROUP BY queue, type, span
)`;

/** `?5` token, `?6` worker, `?7` versions. Nothing due writes nothing; a token that is known changes nothing. */
const recordClaim = (ready: string) => `
INSERT INTO claims (token, worker, seqs, first_seq, last_seq, lines, claimed_at, versions)
WITH ${OPEN_LINES}, ready AS MATERIALIZED (${ready}), whole AS MATERIALIZED (${WHOLE}),
  fitting AS MATERIALIZED (${FITTING})
SELECT ?5, ?6, seqs, first_seq, last_seq, json_array(json_array(queue, type, n, span, json(ids))), ${NOW}, ?7
FROM whole WHERE is_alike
UNION ALL
SELECT ?5, ?6, seqs, first_seq, last_seq, (${LINES}), ${NOW}, ?7
FROM (SELECT ${SEQS} FROM fitting) WHERE n > 0
ON CONFLICT (token) DO NOTHING`;

/** What queues allow is either kept to, known not to be limited, or has not been looked at. */
export const RECORD_CLAIM = {
  limited: recordClaim(READY_IN_LIMITS),
  unlimited: recordClaim(READY),
  'unless-limited': recordClaim(`
SELECT * FROM (${READY}) WHERE NOT EXISTS (
  SELECT 1 FROM queues WHERE concurrency IS NOT NULL OR rate_limit IS NOT NULL
)`),
};

export const RECORD_CLAIM_OF_ONE = recordClaim(READY_ONE);

export type ClaimLimits = keyof typeof RECORD_CLAIM;
