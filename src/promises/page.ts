import { InputInvalidError } from '../core/index.js';
import type { Database, Row, SqlValue, Statement } from '../db/index.js';
import { LIMITS } from './limits.js';
import type { PromiseRecord } from './promise.js';
import { numberOf, promiseOf, SELECT_PROMISES } from './row.js';
import { inScope, type Scope, scopeArgs } from './scope.js';
import { isSettled, type Status } from './states.js';

export interface PromiseFilter {
  readonly status?: Status;
  readonly queue?: string;
  readonly type?: string;
  readonly key?: string;
  readonly tag?: string;
  /** 1 to 100. */
  readonly limit: number;
  /** From the page before. */
  readonly cursor?: string;
  /** Default everything. */
  readonly scope?: Scope;
}

/**
 * Newest first: by when they were settled for one settled status of the default tenant,
 * else by when they were made.
 */
export interface PromisePage {
  readonly promises: readonly PromiseRecord[];
  /** Null on the last page. A page may be short, even empty, with more to come. */
  readonly nextCursor: string | null;
}

/** Where a page goes on: after `seq`, and within one settled status after `at`. */
interface Cursor {
  readonly at: number | null;
  readonly seq: number;
}

/** Behind every cursor. */
const START = {
  at: 'coalesce(?1, 9007199254740991)',
  seq: 'coalesce(?2, 9007199254740991)',
} as const;

/** What a page looks at: `?1` and `?2` the cursor, `?3` the status, `?4` the key or the tag, `?8` the tenant. */
const SEEN = {
  made: `SELECT seq, NULL AS at, status, queue, type, key FROM promises
    WHERE seq < ${START.seq} ORDER BY seq DESC`,
  settled: `SELECT seq, settled_at AS at, status, queue, type, key FROM promises
    INDEXED BY promises_settled_by_age
    WHERE status = ?3 AND settled_at IS NOT NULL
      AND (settled_at, seq) < (${START.at}, ${START.seq})
    ORDER BY settled_at DESC, seq DESC`,
  keyed: `SELECT seq, NULL AS at, status, queue, type, key FROM promises
    INDEXED BY promises_by_key WHERE key = ?4 AND seq < ${START.seq} ORDER BY seq DESC`,
  tagged: `SELECT p.seq, NULL AS at, p.status, p.queue, p.type, ?4 AS key
    FROM tags t CROSS JOIN promises p ON p.seq = t.seq
    WHERE t.tag = ?4 AND t.seq < ${START.seq} ORDER BY t.seq DESC`,
  tenant: `SELECT seq, NULL AS at, status, queue, type, key FROM promises
    INDEXED BY promises_by_tenant
    WHERE queue >= '@' AND queue < 'A' AND substr(queue, 1, instr(queue, '/')) = ?8
      AND seq < ${START.seq} ORDER BY seq DESC`,
} as const;

/** The parameters of each source: a server takes no more than the text has. */
const SEEN_ARGS = { made: 2, settled: 3, keyed: 4, tagged: 4, tenant: 8 } as const;

/** At most `scanMax` rows are looked at for one page, whatever the filter. */
const seenBy = (source: keyof typeof SEEN) =>
  `seen AS MATERIALIZED (${SEEN[source]} LIMIT ${LIMITS.scanMax})`;

const FILTERED = `
(?3 IS NULL OR status = ?3) AND (?4 IS NULL OR key = ?4) AND (?5 IS NULL OR queue = ?5)
  AND (?6 IS NULL OR type = ?6) AND ${inScope('queue', 8)}`;

const selectPage = (source: keyof typeof SEEN) => `
WITH ${seenBy(source)}
${SELECT_PROMISES}
JOIN (SELECT seq, at FROM seen WHERE ${FILTERED} ORDER BY at DESC, seq DESC LIMIT ?7) page
  ON page.seq = p.seq
ORDER BY page.at DESC, page.seq DESC`;

const selectEnd = (source: keyof typeof SEEN) => `
WITH ${seenBy(source)}
SELECT count(*) OVER () AS looked, at, seq FROM seen ORDER BY at, seq LIMIT 1`;

export async function promisePage(database: Database, filter: PromiseFilter): Promise<PromisePage> {
  const source = sourceOf(filter);
  const cursor = filter.cursor === undefined ? null : parseCursor(filter.cursor);
  const seen: SqlValue[] = [
    cursor?.at ?? null,
    cursor?.seq ?? null,
    filter.status ?? null,
    (source === 'tagged' ? filter.tag : filter.key) ?? null,
  ];
  const asked = [filter.queue ?? null, filter.type ?? null, filter.limit];
  const args = [...seen, ...asked, ...scopeArgs(filter.scope)];
  const statements: Statement[] = [
    { sql: selectPage(source), args },
    { sql: selectEnd(source), args: args.slice(0, SEEN_ARGS[source]) },
  ];
  const [page, end] = await database.read(statements, { label: 'promises.list' });
  const rows = page?.rows ?? [];
  return {
    promises: rows.map(promiseOf),
    nextCursor: nextCursor(rows, filter.limit, source, end?.rows[0] ?? {}),
  };
}

function sourceOf(filter: PromiseFilter): keyof typeof SEEN {
  if (filter.tag !== undefined) return 'tagged';
  if (filter.key !== undefined) return 'keyed';
  // A tenant with few promises among many of others must not have to page through those.
  if (filter.scope !== undefined && filter.scope.tenant !== '') return 'tenant';
  return filter.status !== undefined && isSettled(filter.status) ? 'settled' : 'made';
}

function nextCursor(
  rows: readonly Row[],
  limit: number,
  source: keyof typeof SEEN,
  end: Row,
): string | null {
  const last = rows.at(-1);
  if (last !== undefined && rows.length === limit) {
    const at = source === 'settled' ? numberOf(last, 'settled_at') : null;
    return formatCursor({ at, seq: numberOf(last, 'seq') });
  }
  if ((end.looked ?? 0) !== LIMITS.scanMax) return null;
  return formatCursor({
    at: end.at === null ? null : numberOf(end, 'at'),
    seq: numberOf(end, 'seq'),
  });
}

function formatCursor({ at, seq }: Cursor): string {
  return at === null ? `${seq}` : `${at}~${seq}`;
}

const CURSOR = /^(?:(\d{1,15})~)?(\d{1,15})$/;

function parseCursor(cursor: string): Cursor {
  const match = CURSOR.exec(cursor);
  if (match === null) {
    throw new InputInvalidError([
      {
        path: 'cursor',
        rule: 'must be a nextCursor of this list',
        received: JSON.stringify(cursor.slice(0, 100)),
      },
    ]);
  }
  return { at: match[1] === undefined ? null : Number(match[1]), seq: Number(match[2]) };
}
