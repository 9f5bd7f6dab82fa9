import { type Database, NOW, type Row, type SqlClock } from '../db/index.js';
import { ROOMS } from './lines.js';
import { jsonOf, numberOf, textOf } from './row.js';
import { localName } from './scope.js';
import { isSettled, type Status } from './states.js';

/** Why a promise is not running, or that it is. `no-worker` is told by those who know the tasks. */
export const EXPLANATIONS = [
  'settled',
  'running',
  'lease-over',
  'waits-for-parents',
  'waits-for-lane',
  'waits-for-turn',
  'expired',
  'not-due',
  'queue-paused',
  'type-paused',
  'queue-concurrency',
  'queue-rate',
  'ready',
  'no-worker',
] as const;

export type ExplanationCode = (typeof EXPLANATIONS)[number];

export interface Explanation {
  readonly code: ExplanationCode;
  readonly message: string;
  /** When it ends by itself, in milliseconds since the epoch; null when it does not, or that is not known. */
  readonly untilAt: number | null;
  /** Promises that it waits for, at most 100. */
  readonly waitsFor: readonly string[];
}

export interface Explained {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly status: Status;
  /** Everything that holds it back, the first to be looked at first. */
  readonly reasons: readonly Explanation[];
  /** When a worker last took a promise of this type, as far as the newest 1,000 claims tell. */
  readonly lastClaimedAt: number | null;
}

/** The rooms of queues are those that claims look at. */
const SELECT_EXPLAINED = `
WITH ${ROOMS}
SELECT p.id, p.type, p.queue, p.status, p.waits_for, p.run_at, p.attempt, p.expires_at,
  p.started_at, p.settled_at, p.lane, p.lease_expires_at, ${NOW} AS now, c.worker,
  room.paused, room.free, room.tokens, room.opens_at, q.concurrency, q.rate_limit,
  q.rate_period_ms, coalesce(q.key_concurrency, 1) AS key_concurrency,
  l.open, l.look_at,
  EXISTS (SELECT 1 FROM paused_types t WHERE t.type = p.type) AS type_paused,
  (SELECT json_group_array(parent_id) FROM (
    SELECT d.parent_id FROM dependencies d WHERE d.child_id = p.id AND d.outcome IS NULL LIMIT 100
  )) AS parents,
  (SELECT json_group_array(id) FROM (
    SELECT o.id FROM promises o INDEXED BY promises_waiting_for_turn
    WHERE p.waits_for = 'turn' AND o.waits_for = 'turn' AND o.queue = p.queue AND o.lane = p.lane
      AND o.id < p.id
    ORDER BY o.id LIMIT 100
  )) AS ahead,
  (SELECT max(claimed_at) FROM (
    SELECT * FROM claims INDEXED BY claims_by_age ORDER BY claimed_at DESC LIMIT 1000
  ) k WHERE EXISTS (SELECT 1 FROM json_each(k.lines) line WHERE line.value ->> 1 = p.type)
  ) AS last_claimed_at
FROM promises p
LEFT JOIN claims c ON p.status = 'in_progress' AND c.token = p.claim
LEFT JOIN room ON room.name = p.queue
LEFT JOIN queues q ON q.name = p.queue
LEFT JOIN lanes l ON l.queue = p.queue AND l.lane = p.lane
WHERE p.id = ?2`;

/** Why a promise is not running; undefined when there is none. Reads only what claims and admissions read. */
export async function explain(
  database: Database,
  clock: SqlClock,
  id: string,
): Promise<Explained | undefined> {
  const [found] = await database.read([{ sql: SELECT_EXPLAINED, args: [clock(), id] }], {
    label: 'promises.explain',
  });
  const row = found?.rows[0];
  if (row === undefined) return undefined;
  return {
    id: textOf(row, 'id'),
    type: textOf(row, 'type'),
    queue: textOf(row, 'queue'),
    status: textOf(row, 'status') as Status,
    reasons: reasonsOf(row),
    lastClaimedAt: maybe(row, 'last_claimed_at'),
  };
}

function reasonsOf(row: Row): Explanation[] {
  const status = textOf(row, 'status') as Status;
  if (isSettled(status)) {
    return [because('settled', `it is ${status}: nothing more is owed`)];
  }
  if (status === 'in_progress') return [running(row)];
  const held = status === 'waiting' ? [waiting(row)] : notClaimed(row);
  const reasons = [...expiry(row), ...held];
  return reasons.length > 0
    ? reasons
    : [because('ready', 'nothing holds it back: the next worker that asks for its type takes it')];
}

function running(row: Row): Explanation {
  const endsAt = numberOf(row, 'lease_expires_at');
  const worker = typeof row.worker === 'string' ? row.worker : 'unknown';
  return endsAt > numberOf(row, 'now')
    ? because('running', `the worker ${worker} runs it, under a lease`, endsAt)
    : because('lease-over', `the worker ${worker} was lost: recovery makes it due again`, endsAt);
}

function waiting(row: Row): Explanation {
  const lane = JSON.stringify(row.lane);
  switch (row.waits_for) {
    case 'parents':
      return because(
        'waits-for-parents',
        'promises that it depends on are not settled',
        null,
        jsonOf(row, 'parents'),
      );
    case 'turn':
      return because(
        'waits-for-turn',
        `others of the key ${lane} come first, in the order they were made`,
        null,
        jsonOf(row, 'ahead'),
      );
    default: {
      const [open, most] = [maybe(row, 'open') ?? 0, numberOf(row, 'key_concurrency')];
      const isFull = open >= most;
      const why = isFull
        ? `${open} of the key ${lane} are admitted, of at most ${most}`
        : `the key ${lane} lets it in when it is due and its rate allows`;
      return because('waits-for-lane', why, isFull ? null : maybe(row, 'look_at'));
    }
  }
}

/** The conditions of a claim, one by one. */
function notClaimed(row: Row): Explanation[] {
  const reasons: Explanation[] = [];
  const queue = localName(textOf(row, 'queue'));
  const runAt = numberOf(row, 'run_at');
  if (runAt > numberOf(row, 'now')) {
    const isRetry = numberOf(row, 'attempt') > 0;
    reasons.push(
      because('not-due', isRetry ? 'its next attempt is later' : 'it is due later', runAt),
    );
  }
  if (row.paused === 1) reasons.push(because('queue-paused', `the queue ${queue} is paused`));
  if (row.type_paused === 1) reasons.push(because('type-paused', `the type ${row.type} is paused`));
  if ((maybe(row, 'free') ?? 1) <= 0) {
    const most = `${row.concurrency} of the queue ${queue} run, its most`;
    reasons.push(because('queue-concurrency', most));
  }
  if ((maybe(row, 'tokens') ?? 1) <= 0) {
    const rate = `${row.rate_limit} per ${row.rate_period_ms} ms`;
    reasons.push(
      because('queue-rate', `the queue ${queue} starts ${rate}`, maybe(row, 'opens_at')),
    );
  }
  return reasons;
}

function expiry(row: Row): Explanation[] {
  const expiresAt = maybe(row, 'expires_at');
  const hasBegun = row.started_at !== null;
  if (expiresAt === null || hasBegun || expiresAt > numberOf(row, 'now')) return [];
  return [
    because('expired', 'it should have begun by now, and is about to be cancelled', expiresAt),
  ];
}

function because(
  code: ExplanationCode,
  message: string,
  untilAt: number | null = null,
  waitsFor: readonly string[] = [],
): Explanation {
  return { code, message, untilAt, waitsFor };
}

function maybe(row: Row, column: string): number | null {
  return row[column] === null ? null : numberOf(row, column);
}
