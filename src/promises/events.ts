import { NOW, type SqlClock, type Statement } from '../db/index.js';

/** What can happen to a promise, as the log of events calls it. */
export const EVENT_KINDS = [
  'made',
  'changed',
  'ready',
  'claimed',
  'snoozed',
  'retrying',
  'recovered',
  'completed',
  'failed',
  'cancelled',
  'retried',
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

/** More than which promises: the worker, the error. */
export interface EventDetail {
  readonly worker?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Of the promises that a statement was to move. */
interface Moved {
  readonly kind: EventKind;
  readonly queue: string;
  readonly type: string;
  readonly ids: readonly string[];
  readonly detail?: EventDetail;
}

/**
 * A promise's events are found by the beginning of its id, which is when it was made to
 * within 4 seconds: a row of the log stands in the index once for each such span.
 */
const SPAN_LENGTH = 10;
export const spanOf = (id: string) => `substr(${id}, 1, ${SPAN_LENGTH})`;

export function spanOfId(id: string): string {
  return id.slice(0, SPAN_LENGTH);
}

/** What of `?5` was moved when that was not all: the latest, as others may have been so before. */
const MADE = 'true ORDER BY p.seq DESC';
const SETTLED = `
p.outcome_fence = ?9 AND p.outcome = ?10 ORDER BY coalesce(p.settled_at, p.run_at) DESC`;

/**
 * Right after the statement that moves promises: `changes()` tells how many. All of them
 * is what is usual, and costs no look at each.
 */
const record = (latest: string) => `
INSERT INTO events (at, kind, queue, type, ids, spans, moved, detail)
SELECT ${NOW}, ?2, ?3, ?4,
  CASE changes() WHEN ?6 THEN ?5 WHEN 0 THEN '[]' ELSE (
    SELECT json_group_array(id) FROM (
      SELECT p.id FROM json_each(?5) given CROSS JOIN promises p ON p.id = given.value
      WHERE ${latest} LIMIT changes()
    )
  ) END,
  iif(changes() = 0, '[]', ?7), changes(), ?8`;

const RECORD_MADE = record(MADE);
const RECORD_SETTLED = record(SETTLED);

/** How many promises the statement before the latest event moved. */
export const MOVED = '(SELECT e.moved FROM events e WHERE e.seq = (SELECT max(seq) FROM events))';

/** Right after the statement that makes promises of one line. */
export function madeEvent(moved: Omit<Moved, 'kind'>, clock: SqlClock): Statement {
  return { sql: RECORD_MADE, args: argsOf({ ...moved, kind: 'made' }, clock) };
}

/** Right after the statement that settles promises of one line, alike. */
export function settledEvent(
  moved: Moved,
  { fence, outcome }: { readonly fence: number; readonly outcome: string },
  clock: SqlClock,
): Statement {
  return { sql: RECORD_SETTLED, args: [...argsOf(moved, clock), fence, outcome] };
}

function argsOf({ kind, queue, type, ids, detail }: Moved, clock: SqlClock) {
  const spans = [...new Set(ids.map(spanOfId))];
  const more = detail === undefined ? null : JSON.stringify(detail);
  // Ids need no escape.
  return [clock(), kind, queue, type, listOf(ids), ids.length, listOf(spans), more];
}

function listOf(texts: readonly string[]): string {
  return `["${texts.join('","')}"]`;
}

/** Before the promises of `scratch` move: `?2` is the kind of those that will be pending, `?3` the detail. */
const RECORD_MOVES = `
INSERT INTO events (at, kind, queue, type, ids, spans, moved, detail)
SELECT ${NOW}, s.kind, p.queue, p.type, json_group_array(p.id),
  json_group_array(DISTINCT ${spanOf('p.id')}), count(*), iif(s.is_settled, ?3, NULL)
FROM (
  SELECT id, next IN ('failed', 'cancelled') AS is_settled,
    iif(next IN ('failed', 'cancelled'), next, ?2) AS kind
  FROM scratch WHERE next <> 'waiting' OR ?2 <> 'ready'
) s CROSS JOIN promises p ON p.id = s.id
GROUP BY s.kind, s.is_settled, p.queue, p.type`;

/** What is about to become of the promises of `scratch`; those settled get the `error`. */
export function movesEvent(kind: EventKind, error: string | null, clock: SqlClock): Statement {
  const detail = error === null ? null : `{"error":${error}}`;
  return { sql: RECORD_MOVES, args: [clock(), kind, detail] };
}

/** What a claim, `?2`, is about to take: a row for each of its lines. Sent again, it takes nothing. */
const RECORD_CLAIMED = `
INSERT INTO events (at, kind, queue, type, ids, spans, moved, detail)
SELECT ${NOW}, 'claimed', line.value ->> 0, line.value ->> 1, line.value -> 4,
  json_array(line.value ->> 3), line.value ->> 2, json_object('worker', c.worker)
FROM claims c CROSS JOIN json_each(c.lines) line
WHERE c.token = ?2 AND c.counted = 0`;

export function claimedEvent(token: string, clock: SqlClock): Statement {
  return { sql: RECORD_CLAIMED, args: [clock(), token] };
}

/** Right after the statement that changes the promise `?2`. */
const RECORD_CHANGED = `
INSERT INTO events (at, kind, queue, type, ids, spans, moved)
SELECT ${NOW}, 'changed', queue, type, json_array(id), json_array(${spanOf('id')}), 1
FROM promises WHERE id = ?2 AND changes() > 0`;

export function changedEvent(id: string, clock: SqlClock): Statement {
  return { sql: RECORD_CHANGED, args: [clock(), id] };
}
