import { z } from 'zod';
import { duration } from '../core/index.js';
import type { Database, Row, SqlValue, Statement } from '../db/index.js';
import { LEASE_MS } from './limits.js';
import { numberOf, textOf } from './row.js';
import { inScope, type Scope, scopeArgs } from './scope.js';

/** Starts per period: a bucket of `limit`, filled evenly. */
const rate = z.strictObject({
  limit: z.int().min(1).max(1_000_000),
  period: duration.refine((ms) => ms >= 1, { error: 'must be at least 1 ms' }),
});

/** How long settled promises are kept: by age, by count, or both. */
const keep = z.strictObject({
  age: duration.optional(),
  count: z.int().min(0).max(100_000_000).optional(),
});

/** What can be set about a queue. A field that is left out stays; null takes a limit away. */
export const queueSettings = z.strictObject({
  /** True gives nothing to workers; what runs goes on. */
  paused: z.boolean().optional(),
  /** Promises that run at once. */
  concurrency: z.int().min(1).max(1_000_000).nullable().optional(),
  rate: rate.nullable().optional(),
  /** For each `concurrencyKey` of the queue. */
  perKey: z
    .strictObject({
      /** Promises of one key that are pending or run at once. Default 1. */
      concurrency: z.int().min(1).max(500).nullable().optional(),
      rate: rate.nullable().optional(),
      /** `strict`: one at a time, in the order they were made; a retry keeps its place. Default `due`. */
      order: z.enum(['due', 'strict']).optional(),
    })
    .optional(),
  /** The lease of claims that name none. */
  lease: duration
    .refine((ms) => ms >= LEASE_MS.min && ms <= LEASE_MS.max, { error: 'must be 1 s to 12 h' })
    .nullable()
    .optional(),
  /** By status; default 7 days each. */
  retention: z
    .strictObject({
      completed: keep.optional(),
      failed: keep.optional(),
      cancelled: keep.optional(),
    })
    .nullable()
    .optional(),
});

export type QueueSettings = z.output<typeof queueSettings>;

interface Rate {
  readonly limit: number;
  readonly periodMs: number;
}

/** A queue as it is set. */
export interface Queue {
  readonly name: string;
  readonly paused: boolean;
  readonly concurrency: number | null;
  readonly rate: Rate | null;
  readonly perKey: {
    readonly concurrency: number | null;
    readonly rate: Rate | null;
    readonly order: 'due' | 'strict';
  };
  readonly leaseMs: number | null;
  readonly retention: QueueSettings['retention'] | null;
}

const SELECT_QUEUE = 'SELECT * FROM queues WHERE name = ?1';

const SELECT_QUEUES = `
SELECT name FROM (SELECT DISTINCT queue AS name FROM lines UNION SELECT name FROM queues)
WHERE (?1 IS NULL OR name > ?1) AND ${inScope('name', 3)} ORDER BY name LIMIT ?2`;

const UPSERT = `
INSERT INTO queues (name, paused, concurrency, rate_limit, rate_period_ms, key_concurrency,
  key_rate_limit, key_rate_period_ms, key_order, lease_ms, retention)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (name) DO UPDATE SET paused = excluded.paused, concurrency = excluded.concurrency,
  rate_limit = excluded.rate_limit, rate_period_ms = excluded.rate_period_ms,
  key_concurrency = excluded.key_concurrency, key_rate_limit = excluded.key_rate_limit,
  key_rate_period_ms = excluded.key_rate_period_ms, key_order = excluded.key_order,
  lease_ms = excluded.lease_ms, retention = excluded.retention`;

/** What waited for room may have it now. */
const LOOK_AT_LANES = 'UPDATE lanes SET look_at = 0 WHERE queue = ?1';

const PAUSE_TYPE = 'INSERT INTO paused_types (type) VALUES (?1) ON CONFLICT DO NOTHING';
const RESUME_TYPE = 'DELETE FROM paused_types WHERE type = ?1';
const SELECT_PAUSED_TYPES = 'SELECT type FROM paused_types ORDER BY type LIMIT 1000';

const QUEUE_DEFAULTS: Omit<Queue, 'name'> = {
  paused: false,
  concurrency: null,
  rate: null,
  perKey: { concurrency: null, rate: null, order: 'due' },
  leaseMs: null,
  retention: null,
};

/** What is set about the queues and types of one `queue` database. */
export class Queues {
  readonly #database: Database;
  readonly #changed: () => void;

  /** @param changed called after each change: what was held back may go on */
  constructor(database: Database, changed: () => void = () => {}) {
    this.#database = database;
    this.#changed = changed;
  }

  /** A queue's settings; one that was never set has the defaults. */
  async get(name: string): Promise<Queue> {
    const row = (await this.#rows('queues.get', SELECT_QUEUE, [name]))[0];
    return row === undefined ? { name, ...QUEUE_DEFAULTS } : queueOf(row, name);
  }

  /** Queues that have or had promises, or settings, by name. */
  async names(page: {
    readonly after: string | null;
    readonly limit: number;
    /** Default all. */
    readonly scope?: Scope;
  }): Promise<string[]> {
    const args = [page.after, page.limit, ...scopeArgs(page.scope)];
    const rows = await this.#rows('queues.list', SELECT_QUEUES, args);
    return rows.map((row) => textOf(row, 'name'));
  }

  /** Sets what is given, keeps the rest. */
  async set(name: string, settings: QueueSettings): Promise<Queue> {
    const queue = merged(await this.get(name), settings);
    await this.#write('queues.set', [upsertStatement(queue), { sql: LOOK_AT_LANES, args: [name] }]);
    return queue;
  }

  /** Gives no more promises of a type to workers, of whatever queue; or does again. */
  async pauseType(type: string, paused: boolean): Promise<void> {
    await this.#write('types.pause', [{ sql: paused ? PAUSE_TYPE : RESUME_TYPE, args: [type] }]);
  }

  async pausedTypes(): Promise<string[]> {
    const rows = await this.#rows('types.paused', SELECT_PAUSED_TYPES, []);
    return rows.map((row) => textOf(row, 'type'));
  }

  async #rows(label: string, sql: string, args: readonly SqlValue[]): Promise<readonly Row[]> {
    const [found] = await this.#database.read([{ sql, args }], { label });
    return found?.rows ?? [];
  }

  async #write(label: string, statements: readonly Statement[]): Promise<void> {
    await this.#database.write(statements, { label, idempotent: true });
    this.#changed();
  }
}

function merged(queue: Queue, settings: QueueSettings): Queue {
  const { perKey = {}, rate: given, lease, ...rest } = settings;
  const rateOf = (value: QueueSettings['rate'], before: Rate | null): Rate | null =>
    value === undefined ? before : value && { limit: value.limit, periodMs: value.period };
  return {
    name: queue.name,
    paused: rest.paused ?? queue.paused,
    concurrency: rest.concurrency === undefined ? queue.concurrency : rest.concurrency,
    rate: rateOf(given, queue.rate),
    perKey: {
      concurrency: perKey.concurrency === undefined ? queue.perKey.concurrency : perKey.concurrency,
      rate: rateOf(perKey.rate, queue.perKey.rate),
      order: perKey.order ?? queue.perKey.order,
    },
    leaseMs: lease === undefined ? queue.leaseMs : lease,
    retention: rest.retention === undefined ? queue.retention : rest.retention,
  };
}

function upsertStatement({ perKey, ...queue }: Queue): Statement {
  return {
    sql: UPSERT,
    args: [
      queue.name,
      Number(queue.paused),
      queue.concurrency,
      queue.rate?.limit ?? null,
      queue.rate?.periodMs ?? null,
      perKey.concurrency,
      perKey.rate?.limit ?? null,
      perKey.rate?.periodMs ?? null,
      perKey.order,
      queue.leaseMs,
      queue.retention === null ? null : JSON.stringify(queue.retention),
    ],
  };
}

function queueOf(row: Row, name: string): Queue {
  const maybe = (column: string) => (row[column] === null ? null : numberOf(row, column));
  const rateOf = (prefix: string): Rate | null => {
    const [limit, periodMs] = [maybe(`${prefix}_limit`), maybe(`${prefix}_period_ms`)];
    return limit === null || periodMs === null ? null : { limit, periodMs };
  };
  return {
    name,
    paused: row.paused === 1,
    concurrency: maybe('concurrency'),
    rate: rateOf('rate'),
    perKey: {
      concurrency: maybe('key_concurrency'),
      rate: rateOf('key_rate'),
      order: row.key_order === 'strict' ? 'strict' : 'due',
    },
    leaseMs: maybe('lease_ms'),
    retention: typeof row.retention === 'string' ? JSON.parse(row.retention) : null,
  };
}
