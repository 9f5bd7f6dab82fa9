import { type Database, databaseClock, NOW, type Row, type SqlClock } from '../db/index.js';
import { type EventDetail, type EventKind, spanOfId } from './events.js';
import { LIMITS } from './limits.js';
import { jsonOf, numberOf, textOf } from './row.js';
import { inScope, type Scope, scopeArgs } from './scope.js';

/** Something that happened to one promise. */
export interface PromiseEvent extends EventDetail {
  /** Its place in the log: go on after it. */
  readonly id: string;
  readonly kind: EventKind;
  readonly promiseId: string;
  /** As it is stored. */
  readonly queue: string;
  readonly type: string;
  readonly at: number;
}

export interface EventAsk {
  /** The id of an event, or the `next` of a page; default the oldest that is kept. */
  readonly after?: string | undefined;
  readonly kinds?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  /** As they are stored. */
  readonly queues?: readonly string[] | undefined;
  /** Default all. */
  readonly scope?: Scope | undefined;
  readonly limit: number;
}

export interface EventPage {
  readonly events: readonly PromiseEvent[];
  /** Where to go on: behind all that was looked at, also what the filter left out. */
  readonly next: string;
}

/** Where to begin; as a text `seq`, or `seq-index` for a place inside a row. */
interface Place {
  readonly seq: number;
  /** How many of the row's promises were seen already. */
  readonly seen: number;
}

/** `?1` and `?2` are where to begin, `?3` how many, `?4` kinds, `?5` types, `?6` queues, then the scope. */
const SELECT_EVENTS = `
SELECT e.seq, e.at, e.kind, e.queue, e.type, e.ids, e.detail
FROM (
  SELECT seq, moved, sum(moved) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS total
  FROM (
    SELECT seq, kind, queue, type, moved - iif(seq = ?1, ?2, 0) AS moved FROM events
    WHERE seq >= ?1 ORDER BY seq LIMIT ${LIMITS.scanMax}
  )
  WHERE moved > 0 AND (?4 IS NULL OR kind IN (SELECT value FROM json_each(?4)))
    AND (?5 IS NULL OR type IN (SELECT value FROM json_each(?5)))
    AND (?6 IS NULL OR queue IN (SELECT value FROM json_each(?6)))
    AND ${inScope('queue', 7)}
) found CROSS JOIN events e ON e.seq = found.seq
WHERE found.total - found.moved < ?3
ORDER BY e.seq`;

const SELECT_SEEN = `
SELECT max(seq) AS seq FROM (
  SELECT seq FROM events WHERE seq >= ?1 ORDER BY seq LIMIT ${LIMITS.scanMax}
)`;

/** Events of the promise `?3`, whose id begins with `?1`. */
const SELECT_OF_PROMISE = `
SELECT e.seq, e.at, e.kind, e.queue, e.type, e.ids, e.detail
FROM event_spans s CROSS JOIN events e ON e.seq = s.seq
WHERE s.span = ?1 AND s.seq >= ?2 AND instr(e.ids, ?3) > 0
  AND (?4 IS NULL OR e.kind IN (SELECT value FROM json_each(?4)))
ORDER BY s.seq LIMIT ?5`;

const SELECT_LATEST = 'SELECT max(seq) AS seq FROM events';

/** The oldest rows, if they are old enough; the newest of all stays, so that no number comes again. */
const OLD = `
SELECT seq FROM (SELECT seq, at FROM events ORDER BY seq LIMIT ?2)
WHERE at < ${NOW} - ?3 AND seq < (SELECT max(seq) FROM events)`;

const SELECT_OLD = `SELECT EXISTS (${OLD}) AS old`;
const DELETE_OLD = `DELETE FROM events WHERE seq IN (${OLD}) RETURNING seq`;

/** What has happened to the promises of one `queue` database, in the order it was written. */
export class EventLog {
  readonly #database: Database;
  readonly #clock: SqlClock;

  constructor(database: Database, options: { readonly clock?: SqlClock } = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
  }

  /** The next events; at most 5,000 writes are looked at, whatever the filter. */
  async read({ after, kinds, types, queues, scope, limit }: EventAsk): Promise<EventPage> {
    const from = placeOf(after);
    const names = [kinds, types, queues].map((list) => (list ? JSON.stringify(list) : null));
    const args = [from.seq, from.seen, limit, ...names, ...scopeArgs(scope)];
    const [found, seen] = await this.#database.read(
      [
        { sql: SELECT_EVENTS, args },
        { sql: SELECT_SEEN, args: [from.seq] },
      ],
      { label: 'events.read' },
    );
    const events = (found?.rows ?? []).flatMap(eventsOf).filter((event) => isAfter(event, from));
    const page = events.slice(0, limit);
    const last = page.at(-1);
    if (last !== undefined && events.length >= limit) return { events: page, next: last.id };
    const seenTo = seen?.rows[0]?.seq;
    return { events: page, next: typeof seenTo === 'number' ? String(seenTo) : (after ?? '0') };
  }

  /** The next events of one promise. */
  async readOf(
    promiseId: string,
    { after, kinds, limit }: Pick<EventAsk, 'after' | 'kinds' | 'limit'>,
  ): Promise<EventPage> {
    const from = placeOf(after);
    const chosen = kinds === undefined ? null : JSON.stringify(kinds);
    const args = [spanOfId(promiseId), from.seq, promiseId, chosen, limit];
    const [found] = await this.#database.read([{ sql: SELECT_OF_PROMISE, args }], {
      label: 'events.of-promise',
    });
    const events = (found?.rows ?? [])
      .flatMap(eventsOf)
      .filter((event) => event.promiseId === promiseId && isAfter(event, from));
    return { events, next: events.at(-1)?.id ?? after ?? '0' };
  }

  /** Behind the newest event. */
  async latest(): Promise<string> {
    const [found] = await this.#database.read([{ sql: SELECT_LATEST }], { label: 'events.latest' });
    return String(found?.rows[0]?.seq ?? 0);
  }

  /** Deletes one slice of events older than `olderThanMs`. Resolves with how many writes they were. */
  async prune(options: { readonly olderThanMs: number; readonly limit: number }): Promise<number> {
    const args = [this.#clock(), options.limit, options.olderThanMs];
    const label = 'events.prune';
    const [look] = await this.#database.read([{ sql: SELECT_OLD, args }], { label });
    if (look?.rows[0]?.old !== 1) return 0;
    const [deleted] = await this.#database.write([{ sql: DELETE_OLD, args }], {
      label,
      idempotent: true,
    });
    return deleted?.rows.length ?? 0;
  }
}

function placeOf(after: string | undefined): Place {
  const [seq, index] = (after ?? '0').split('-').map(Number) as [number, number | undefined];
  return index === undefined ? { seq: seq + 1, seen: 0 } : { seq, seen: index + 1 };
}

function isAfter(event: PromiseEvent, from: Place): boolean {
  const { seq, seen } = placeOf(event.id);
  return seq > from.seq || seen > from.seen;
}

function eventsOf(row: Row): PromiseEvent[] {
  const seq = numberOf(row, 'seq');
  const shared = {
    kind: textOf(row, 'kind') as EventKind,
    queue: textOf(row, 'queue'),
    type: textOf(row, 'type'),
    at: numberOf(row, 'at'),
    ...jsonOf<EventDetail | null>(row, 'detail'),
  };
  return jsonOf<string[]>(row, 'ids').map((promiseId, index) => ({
    id: `${seq}-${index}`,
    promiseId,
    ...shared,
  }));
}
