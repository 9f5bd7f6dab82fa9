import type { Json } from '../core/index.js';
import type { Row } from '../db/index.js';
import { lastRows, type Operation } from './operation.js';
import type { PromiseRecord } from './promise.js';
import { damaged, parseStored, textOf } from './row.js';

/** A promise that is the worker's until its lease ends. */
export interface Claim {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly payload: Json;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly backoff: PromiseRecord['backoff'];
  readonly timeoutMs: number;
  readonly epoch: number;
  /** Every write about this attempt names it. */
  readonly fence: number;
  readonly leaseExpiresAt: number;
  /** The key of its lane; null when it is in none. */
  readonly lane: string | null;
  /** True in a lane with strict order: its retries keep the lane. */
  readonly isStrict: boolean;
  /** What an earlier run left with `continueWith`; null at first. */
  readonly state: Json;
  readonly metadata: PromiseRecord['metadata'];
  /** How long it had been due, in milliseconds. */
  readonly waitedMs: number;
}

function bodyOf(part: 'payload' | 'state'): string {
  return `(SELECT body FROM bodies WHERE promise_id = promises.id AND part = '${part}')`;
}

/**
 * The promises of a claim by their rows: a claim mostly takes promises that were made one
 * after the other, and a range of rows is read once where a list is read four times.
 * @param claim the condition on its row in `claims`
 */
export function inRangeOf(claim: string): string {
  const end = (column: string) => `(SELECT ${column} FROM claims WHERE ${claim})`;
  return `seq BETWEEN ${end('first_seq')} AND ${end('last_seq')}`;
}

/** The same where there are gaps between them. */
export function inListOf(claim: string): string {
  return `seq IN (
    SELECT value FROM json_each((SELECT seqs FROM claims WHERE ${claim} AND first_seq IS NULL))
  )`;
}

/** What most promises have none of. */
const RARE = `
iif(epoch = 0 AND backoff IS NULL AND lane IS NULL AND state IS NULL AND metadata IS NULL, NULL,
  '' || json_array(epoch, backoff, lane, is_strict, iif(state = '', ${bodyOf('state')}, state), metadata))`;

/** A worker's view of promises, as one text: rows of many columns cost five times as much to hand over. */
const handOver = (where: string) => `
SELECT
  group_concat(json_array(id, type, queue, attempt, max_attempts, timeout_ms, fence,
    lease_expires_at, priority, run_at, seq, max(0, started_at - run_at), ${RARE})) AS claims,
  group_concat(coalesce(payload, ${bodyOf('payload')})) AS payloads
FROM promises WHERE ${where} AND claim = ?1 AND status = 'in_progress'`;

const TOKEN = 'token = ?1';
const SELECT_CLAIMED = `${handOver(inRangeOf(TOKEN))} UNION ALL ${handOver(inListOf(TOKEN))}`;

/** Reads what a claim holds, by its token. */
export function reclaimOperation(token: string): Operation<Claim[]> {
  return {
    statements: [{ sql: SELECT_CLAIMED, args: [token] }],
    read: (results) => claimsOf(lastRows(results)),
  };
}

type ClaimedRow = [
  id: string,
  type: string,
  queue: string,
  attempt: number,
  maxAttempts: number,
  timeoutMs: number,
  fence: number,
  leaseExpiresAt: number,
  priority: number,
  runAt: number,
  seq: number,
  waitedMs: number,
  rare: string | null,
];

type RareParts = [
  epoch: number,
  backoff: string | null,
  lane: string | null,
  isStrict: number,
  state: string | null,
  metadata: string | null,
];

const NONE_RARE: RareParts = [0, null, null, 0, null, null];

/** First priorities first. */
function claimsOf(rows: readonly Row[]): Claim[] {
  const filled = rows.filter((row) => row.claims !== null);
  const heads = filled.flatMap((row) => listOf<ClaimedRow>(row, 'claims'));
  const payloads = filled.flatMap((row) => listOf<Json>(row, 'payloads'));
  // One that is missing would give each promise after it another's.
  if (payloads.length !== heads.length) throw damaged('payload', 'of a claimed promise is gone');
  const claims = heads.map((row, at) => ({ row, payload: payloads[at] as Json }));
  claims.sort(({ row: a }, { row: b }) => a[8] - b[8] || a[9] - b[9] || a[10] - b[10]);
  return claims.map(({ row, payload }) => {
    const [epoch, backoff, lane, isStrict, state, metadata] =
      row[12] === null ? NONE_RARE : (parseStored(row[12], 'claims') as RareParts);
    return {
      id: row[0],
      type: row[1],
      queue: row[2],
      payload,
      attempt: row[3],
      maxAttempts: row[4],
      backoff: parsedOf<Claim['backoff']>(backoff, 'backoff'),
      timeoutMs: row[5],
      epoch,
      fence: row[6],
      leaseExpiresAt: row[7],
      lane,
      isStrict: isStrict === 1,
      state: parsedOf<Json>(state, 'state'),
      metadata: parsedOf<Claim['metadata']>(metadata, 'metadata'),
      waitedMs: row[11],
    };
  });
}

/** JSON texts with commas between them. */
function listOf<T>(row: Row, column: string): T[] {
  return parseStored(`[${textOf(row, column)}]`, column) as T[];
}

function parsedOf<T>(text: string | null, column: string): T | null {
  return text === null ? null : (parseStored(text, column) as T);
}
