import { type Database, databaseClock, NOW, type Row, type SqlClock } from '../db/index.js';
import type { ApiKey, FoundKey, KeyScope, NewApiKey } from './api-key.js';
import { type Page, type PageAsk, pageBounds, pageOf } from './page.js';
import { jsonOf, numberOf, numberOrNull, textOf } from './row.js';
import { pruneSlice, SLICE_MAX } from './slice.js';

/** How exact `last_used_at` is: a use is written when the last one written is older. */
const USE_MS = 60_000;

/** Whoever asks waits for this before the call itself begins. */
const FIND_DEADLINE_MS = 5_000;

const COLUMNS = `id, tenant, name, scopes, queues, rate_limit, rate_period_ms, hint, old_until,
  created_at, created_by, expires_at, revoked_at, last_used_at`;

/** A call that was broken off is carried on with its id, and a new secret: nobody was told the first. */
const INSERT = `
INSERT INTO api_keys (id, tenant, name, scopes, queues, rate_limit, rate_period_ms, hint, digest,
  created_at, created_by, expires_at)
VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ${NOW}, ?11, ?12)
ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, hint = excluded.hint
WHERE tenant = excluded.tenant AND revoked_at IS NULL`;

const SELECT_ONE = `SELECT ${COLUMNS} FROM api_keys WHERE id = ?1`;

const SELECT_BY_DIGEST = `
SELECT ${COLUMNS}, CASE
    WHEN revoked_at IS NOT NULL THEN 'revoked'
    WHEN expires_at <= ${NOW} THEN 'expired'
    WHEN digest <> ?2 AND old_until <= ${NOW} THEN 'expired'
    ELSE 'good'
  END AS state, coalesce(last_used_at < ${NOW} - ${USE_MS}, 1) AS is_use_news
FROM api_keys WHERE digest = ?2 OR old_digest = ?2`;

const SELECT_PAGE = `
SELECT ${COLUMNS} FROM api_keys
WHERE (?1 IS NULL OR id < ?1) AND (?3 IS NULL OR tenant = ?3) ORDER BY id DESC LIMIT ?2`;

const REVOKE = `
UPDATE api_keys SET revoked_at = ${NOW}, old_digest = NULL, old_until = NULL
WHERE id = ?2 AND revoked_at IS NULL`;

/** Sent again it finds its own digest, and changes nothing. */
const ROTATE = `
UPDATE api_keys SET old_digest = digest, old_until = ${NOW} + ?3, digest = ?4, hint = ?5
WHERE id = ?2 AND revoked_at IS NULL AND digest <> ?4`;

const MARK_USED = `
UPDATE api_keys SET last_used_at = ${NOW}
WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at < ${NOW} - ${USE_MS})`;

/** Keys that open nothing any more are kept for a while, to be asked about. */
const PRUNE = `
DELETE FROM api_keys WHERE id IN (
  SELECT id FROM api_keys
  WHERE coalesce(revoked_at, expires_at) < ${NOW} - ?2 ORDER BY id LIMIT ?3
)`;

/** The API keys, but for the one of the settings. */
export class ApiKeys {
  readonly #database: Database;
  readonly #clock: SqlClock;

  constructor(database: Database, options: { readonly clock?: SqlClock } = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
  }

  /** @param secret as `makeKeySecret` makes it, given by its hint and its digest */
  async create(key: NewApiKey, secret: KeyMark): Promise<ApiKey> {
    const { id, tenant, name, scopes, queues, rateLimit, createdBy, expiresAt } = key;
    const lists = [JSON.stringify(scopes), queues === null ? null : JSON.stringify(queues)];
    const limit = [rateLimit?.limit ?? null, rateLimit?.periodMs ?? null];
    const mark = [secret.hint, secret.digest];
    const args = [
      this.#clock(),
      id,
      tenant,
      name,
      ...lists,
      ...limit,
      ...mark,
      createdBy,
      expiresAt,
    ];
    const made = await this.#write('keys.create', { sql: INSERT, args }, id);
    return made as ApiKey;
  }

  async get(id: string): Promise<ApiKey | undefined> {
    return this.#one('keys.get', { sql: SELECT_ONE, args: [id] }).then((row) => row && keyOf(row));
  }

  /** Whose key it is, by its digest: one read. */
  async find(digest: string): Promise<FoundKey | undefined> {
    const args = [this.#clock(), digest];
    const [looked] = await this.#database.read([{ sql: SELECT_BY_DIGEST, args }], {
      label: 'keys.find',
      deadlineMs: FIND_DEADLINE_MS,
    });
    const row = looked?.rows[0];
    if (row === undefined) return undefined;
    const state = textOf(row, 'state') as FoundKey['state'];
    return { key: keyOf(row), state, isUseNews: row.is_use_news === 1 };
  }

  /** Newest first. @throws InputInvalidError naming the limit or the cursor */
  async list(ask: PageAsk & { readonly tenant?: string } = {}): Promise<Page<ApiKey>> {
    const { tenant, ...rest } = ask;
    const { limit, rows, before } = pageBounds(rest);
    const args = [before, rows, tenant ?? null];
    const [found] = await this.#database.read([{ sql: SELECT_PAGE, args }], { label: 'keys.list' });
    return pageOf((found?.rows ?? []).map(keyOf), limit);
  }

  /** Revoking what is revoked changes nothing. Undefined when there is no such key. */
  revoke(id: string): Promise<ApiKey | undefined> {
    return this.#write('keys.revoke', { sql: REVOKE, args: [this.#clock(), id] }, id);
  }

  /** Gives a key another secret; the one before is good for `graceMs` more. Not for a revoked one. */
  rotate(id: string, graceMs: number, secret: KeyMark): Promise<ApiKey | undefined> {
    const args = [this.#clock(), id, graceMs, secret.digest, secret.hint];
    return this.#write('keys.rotate', { sql: ROTATE, args }, id);
  }

  /** Notes that a key was used, at most once a minute. */
  async markUsed(id: string): Promise<void> {
    const statement = { sql: MARK_USED, args: [this.#clock(), id] };
    await this.#database.write([statement], { label: 'keys.used', idempotent: true });
  }

  /** Deletes one slice of keys revoked or expired more than `olderThanMs` ago; returns how many. */
  prune(options: { readonly olderThanMs: number; readonly limit?: number }): Promise<number> {
    const { olderThanMs, limit = SLICE_MAX } = options;
    return pruneSlice(this.#database, 'keys.prune', PRUNE, {
      clock: this.#clock,
      olderThanMs,
      limit,
    });
  }

  async #one(label: string, statement: Asked): Promise<Row | undefined> {
    const [found] = await this.#database.read([statement], { label });
    return found?.rows[0];
  }

  async #write(label: string, statement: Asked, id: string): Promise<ApiKey | undefined> {
    const results = await this.#database.write([statement, { sql: SELECT_ONE, args: [id] }], {
      label,
      idempotent: true,
    });
    const row = results.at(-1)?.rows[0];
    return row === undefined ? undefined : keyOf(row);
  }
}

/** What is stored of a secret. */
export interface KeyMark {
  readonly hint: string;
  readonly digest: string;
}

interface Asked {
  readonly sql: string;
  readonly args: (string | number | null)[];
}

function keyOf(row: Row): ApiKey {
  const [limit, periodMs] = [numberOrNull(row, 'rate_limit'), numberOrNull(row, 'rate_period_ms')];
  return {
    id: textOf(row, 'id'),
    name: textOf(row, 'name'),
    tenant: textOf(row, 'tenant'),
    scopes: jsonOf<KeyScope[]>(row, 'scopes'),
    queues: jsonOf<string[] | null>(row, 'queues'),
    rateLimit: limit === null || periodMs === null ? null : { limit, periodMs },
    hint: textOf(row, 'hint'),
    createdAt: numberOf(row, 'created_at'),
    createdBy: textOf(row, 'created_by'),
    expiresAt: numberOrNull(row, 'expires_at'),
    revokedAt: numberOrNull(row, 'revoked_at'),
    lastUsedAt: numberOrNull(row, 'last_used_at'),
    previousUntil: numberOrNull(row, 'old_until'),
  };
}
