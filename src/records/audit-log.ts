import { type Database, databaseClock, NOW, type Row, type SqlClock } from '../db/index.js';
import { type Page, type PageAsk, pageBounds, pageOf } from './page.js';
import { numberOf, textOf, textOrNull } from './row.js';
import { pruneSlice, SLICE_MAX } from './slice.js';

/** One attempt to administer: who, what, when, on what, and what came of it. */
export interface AuditEntry {
  /** UUIDv7. */
  readonly id: string;
  /** Milliseconds, by the database's clock. */
  readonly at: number;
  readonly tenant: string;
  /** `bootstrap` is the key of the settings. */
  readonly keyId: string;
  readonly keyName: string;
  /** The operation's id. */
  readonly action: string;
  /** The path that was asked for. */
  readonly target: string;
  /** The HTTP status of the answer. */
  readonly status: number;
  /** The error's code; null when it was done. */
  readonly code: string | null;
}

const COLUMNS = 'id, at, tenant, key_id, key_name, action, target, status, code';

const INSERT = `
INSERT INTO audit (${COLUMNS}) VALUES (?2, ${NOW}, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (id) DO NOTHING`;

const SELECT_PAGE = `
SELECT ${COLUMNS} FROM audit
WHERE (?1 IS NULL OR id < ?1) AND (?3 IS NULL OR tenant = ?3) ORDER BY id DESC LIMIT ?2`;

const PRUNE = `
DELETE FROM audit WHERE id IN (
  SELECT id FROM audit INDEXED BY audit_by_age WHERE at < ${NOW} - ?2 ORDER BY at LIMIT ?3
)`;

/** The longest target that is kept. */
const TARGET_LENGTH_MAX = 500;

/** What was done to the service, and by whom. */
export class AuditLog {
  readonly #database: Database;
  readonly #clock: SqlClock;

  constructor(database: Database, options: { readonly clock?: SqlClock } = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
  }

  async add(entry: Omit<AuditEntry, 'at'>): Promise<void> {
    const { id, tenant, keyId, keyName, action, target, status, code } = entry;
    const cut = target.slice(0, TARGET_LENGTH_MAX);
    const args = [this.#clock(), id, tenant, keyId, keyName, action, cut, status, code];
    await this.#database.write([{ sql: INSERT, args }], { label: 'audit.add', idempotent: true });
  }

  /** Newest first. @throws InputInvalidError naming the limit or the cursor */
  async list(ask: PageAsk & { readonly tenant?: string } = {}): Promise<Page<AuditEntry>> {
    const { tenant, ...rest } = ask;
    const { limit, rows, before } = pageBounds(rest);
    const args = [before, rows, tenant ?? null];
    const [found] = await this.#database.read([{ sql: SELECT_PAGE, args }], {
      label: 'audit.list',
    });
    return pageOf((found?.rows ?? []).map(entryOf), limit);
  }

  /** Deletes one slice of entries older than `olderThanMs`; returns how many. */
  prune(options: { readonly olderThanMs: number; readonly limit?: number }): Promise<number> {
    const { olderThanMs, limit = SLICE_MAX } = options;
    return pruneSlice(this.#database, 'audit.prune', PRUNE, {
      clock: this.#clock,
      olderThanMs,
      limit,
    });
  }
}

function entryOf(row: Row): AuditEntry {
  return {
    id: textOf(row, 'id'),
    at: numberOf(row, 'at'),
    tenant: textOf(row, 'tenant'),
    keyId: textOf(row, 'key_id'),
    keyName: textOf(row, 'key_name'),
    action: textOf(row, 'action'),
    target: textOf(row, 'target'),
    status: numberOf(row, 'status'),
    code: textOrNull(row, 'code'),
  };
}
