import { z } from 'zod';
import { text } from '../core/index.js';
import { type Database, databaseClock, NOW, type Row, type SqlClock } from '../db/index.js';
import { EVENT_KINDS, type EventKind } from './events.js';
import { name } from './promise.js';
import { jsonOf, numberOf, textOf } from './row.js';
import type { Vault } from './vault.js';

const fields = {
  /** Called with POST, http or https. */
  url: text(1, 2_048),
  /** What to tell of. */
  kinds: z.array(z.enum(EVENT_KINDS)).min(1).max(EVENT_KINDS.length),
  /** Only promises of these types. Default all. */
  types: z.array(name).min(1).max(100).nullable().optional(),
  /** Only promises of these queues. Default all. */
  queues: z.array(name).min(1).max(100).nullable().optional(),
};

export const newSubscription = z.strictObject(fields);

export const subscriptionChange = z
  .strictObject({ ...fields, paused: z.boolean() })
  .partial()
  .refine((value) => Object.keys(value).length > 0, { error: 'must change something' });

export type NewSubscription = z.output<typeof newSubscription>;
export type SubscriptionChange = z.output<typeof subscriptionChange>;

/** Somebody who is told of events. */
export interface Subscription {
  readonly id: string;
  readonly tenant: string;
  readonly url: string;
  readonly kinds: readonly EventKind[];
  /** Null is all. */
  readonly types: readonly string[] | null;
  /** As they are stored; null is all. */
  readonly queues: readonly string[] | null;
  /** Why nothing is told; null when it is. */
  readonly paused: string | null;
  readonly createdAt: number;
  /** Until then the secret before the last rotation signs too. */
  readonly previousUntil: number | null;
}

const COLUMNS =
  'id, tenant, url, kinds, types, queues, paused, created_at, previous_until, seq, secret, previous_secret';

/** A call that was broken off is carried on with its id, and a new secret: nobody was told the first. */
const INSERT = `
INSERT INTO subscriptions (id, tenant, url, kinds, types, queues, secret, created_at)
VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8, ${NOW})
ON CONFLICT (id) DO UPDATE SET secret = excluded.secret WHERE tenant = excluded.tenant`;

const SELECT_ONE = `SELECT ${COLUMNS} FROM subscriptions WHERE tenant = ?1 AND id = ?2`;

const SELECT_PAGE = `
SELECT ${COLUMNS} FROM subscriptions WHERE tenant = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3`;

const UPDATE = `
UPDATE subscriptions SET url = ?3, kinds = ?4, types = ?5, queues = ?6, paused = ?7
WHERE tenant = ?1 AND id = ?2`;

/** The secret that is there goes on signing for `?5` ms. Sent again, nothing is rotated twice. */
const ROTATE = `
UPDATE subscriptions SET previous_secret = secret, previous_until = ${NOW} + ?5, secret = ?4
WHERE tenant = ?2 AND id = ?3 AND secret <> ?4`;

const DELETE = 'DELETE FROM subscriptions WHERE tenant = ?1 AND id = ?2 RETURNING id';

const PAUSE = 'UPDATE subscriptions SET paused = ?2 WHERE id = ?1';

const SELECT_SECRETS = `
SELECT url, paused, secret, iif(previous_until > ${NOW}, previous_secret, NULL) AS previous
FROM subscriptions WHERE id = ?2`;

/** Where a delivery goes. */
export interface SubscriptionTarget {
  readonly url: string;
  readonly paused: string | null;
  /** One, or two while a rotation is under way: the newest first. */
  readonly secrets: readonly string[];
}

export interface SubscriptionsOptions {
  /** Default the database's own. */
  readonly clock?: SqlClock;
  /** Seals secrets. Default none: they are stored as they are. */
  readonly vault?: Pick<Vault, 'sealText' | 'openText'> | undefined;
}

const SECRET = 'subscription-secret';

/** Who is told of events, of one `queue` database. */
export class Subscriptions {
  readonly #database: Database;
  readonly #clock: SqlClock;
  readonly #vault: SubscriptionsOptions['vault'];

  constructor(database: Database, options: SubscriptionsOptions = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
    this.#vault = options.vault;
  }

  /**
   * @param subscription its queues as they are stored
   * @param secret stored sealed where the vault has a key
   */
  async create(
    subscription: NewSubscription & { readonly id: string; readonly tenant: string },
    secret: string,
  ): Promise<Subscription> {
    const { id, tenant, url, kinds, types, queues } = subscription;
    const args = [this.#clock(), id, tenant, url, JSON.stringify(kinds), listOf(types)];
    await this.#write('subscriptions.create', INSERT, [
      ...args,
      listOf(queues),
      await this.#sealed(secret),
    ]);
    return (await this.get(tenant, id)) as Subscription;
  }

  async get(tenant: string, id: string): Promise<Subscription | undefined> {
    const [row] = await this.#rows('subscriptions.get', SELECT_ONE, [tenant, id]);
    return row && subscriptionOf(row);
  }

  /** In the order they were made. */
  async list(
    tenant: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: number },
  ): Promise<{ readonly data: readonly Subscription[]; readonly nextCursor: number | null }> {
    const args = [tenant, cursor ?? 0, limit + 1];
    const rows = await this.#rows('subscriptions.list', SELECT_PAGE, args);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const isMore = rows.length > limit && last !== undefined;
    return { data: page.map(subscriptionOf), nextCursor: isMore ? numberOf(last, 'seq') : null };
  }

  /** Sets what is given, keeps the rest; undefined when there is none. */
  async change(
    tenant: string,
    id: string,
    change: SubscriptionChange,
  ): Promise<Subscription | undefined> {
    const known = await this.get(tenant, id);
    if (known === undefined) return undefined;
    const { url = known.url, kinds = known.kinds, types = known.types } = change;
    const { queues = known.queues, paused } = change;
    const reason = paused === undefined ? known.paused : paused ? 'on request' : null;
    const args = [tenant, id, url, JSON.stringify(kinds), listOf(types), listOf(queues), reason];
    await this.#write('subscriptions.change', UPDATE, args);
    return this.get(tenant, id);
  }

  /** Signs with `secret` from now on, and with the one before for `keepMs` more. */
  async rotate(
    tenant: string,
    id: string,
    { secret, keepMs }: { readonly secret: string; readonly keepMs: number },
  ): Promise<Subscription | undefined> {
    const args = [this.#clock(), tenant, id, await this.#sealed(secret), keepMs];
    await this.#write('subscriptions.rotate', ROTATE, args);
    return this.get(tenant, id);
  }

  /** False when there is none. */
  async remove(tenant: string, id: string): Promise<boolean> {
    return (await this.#write('subscriptions.remove', DELETE, [tenant, id])).length > 0;
  }

  /** Tells nothing more, and says why. */
  async pause(id: string, reason: string): Promise<void> {
    await this.#write('subscriptions.pause', PAUSE, [id, reason]);
  }

  async target(id: string): Promise<SubscriptionTarget | undefined> {
    const [row] = await this.#rows('subscriptions.target', SELECT_SECRETS, [this.#clock(), id]);
    if (row === undefined) return undefined;
    const { paused, previous } = row;
    const stored = [textOf(row, 'secret'), ...(typeof previous === 'string' ? [previous] : [])];
    const opened = stored.map((one) => this.#vault?.openText(SECRET, one) ?? one);
    return {
      url: textOf(row, 'url'),
      paused: typeof paused === 'string' ? paused : null,
      secrets: await Promise.all(opened),
    };
  }

  async #sealed(secret: string): Promise<string> {
    return this.#vault === undefined ? secret : this.#vault.sealText(SECRET, secret);
  }

  async #rows(label: string, sql: string, args: Args): Promise<readonly Row[]> {
    const [found] = await this.#database.read([{ sql, args }], { label });
    return found?.rows ?? [];
  }

  async #write(label: string, sql: string, args: Args): Promise<readonly Row[]> {
    const options = { label, idempotent: true };
    const [found] = await this.#database.write([{ sql, args }], options);
    return found?.rows ?? [];
  }
}

type Args = readonly (string | number | null)[];

function listOf(words: readonly string[] | null | undefined): string | null {
  return words === null || words === undefined ? null : JSON.stringify(words);
}

function subscriptionOf(row: Row): Subscription {
  return {
    id: textOf(row, 'id'),
    tenant: textOf(row, 'tenant'),
    url: textOf(row, 'url'),
    kinds: jsonOf<EventKind[]>(row, 'kinds'),
    types: jsonOf<string[] | null>(row, 'types'),
    queues: jsonOf<string[] | null>(row, 'queues'),
    paused: typeof row.paused === 'string' ? row.paused : null,
    createdAt: numberOf(row, 'created_at'),
    previousUntil: typeof row.previous_until === 'number' ? row.previous_until : null,
  };
}
