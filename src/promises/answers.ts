import { type Database, databaseClock, NOW, type Row, type SqlClock } from '../db/index.js';
import { lastRows, type Operation, perform } from './operation.js';
import type { PromiseRecord } from './promise.js';
import { jsonOf, numberOf, textOf } from './row.js';
import type { Status, WaitsFor } from './states.js';

/** Somebody's call that is to be carried out once, and answered the same whenever it comes again. */
export interface Ticket {
  /** Whose key it is: keys of different holders are different keys. */
  readonly holder: string;
  readonly key: string;
  /** Of the request: another one under the same key is an error. */
  readonly fingerprint: string;
  /** Names the call; ids of what it makes come from it (`idOf`). */
  readonly token: string;
  /** How long the answer is kept. */
  readonly lifetimeMs: number;
  /** True when its row is there already. Default false. */
  readonly isKept?: boolean;
}

/** A call's answer, as it is kept. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** What a promise's maker was told that the request itself does not say. */
export interface MadeFacts {
  readonly id: string;
  readonly status: Status;
  readonly waitsFor: WaitsFor | null;
  readonly createdAt: number;
  readonly runAt: number;
}

export interface FoundTicket {
  readonly fingerprint: string;
  readonly token: string;
  /** How it was answered; undefined while it is carried out, and when it was broken off. */
  readonly answer: KeptAnswer | undefined;
  /** The promise that it made. */
  readonly made: MadeFacts | undefined;
  /** True while it may still be carried out elsewhere. */
  readonly isHeld: boolean;
}

/** A call that is silent this long was broken off: whoever comes with its key carries it on. */
const HOLD_MS = 60_000;
/** Answers that one write deletes. */
const SLICE_MAX = 500;

/** `?2` is [[holder, key, fingerprint, token, lifetime], …]. */
const DELETE_EXPIRED = `
DELETE FROM answers WHERE rowid IN (
  SELECT a.rowid FROM json_each(?2) given
  CROSS JOIN answers a ON a.holder = given.value ->> 0 AND a.key = given.value ->> 1
  WHERE a.expires_at <= ${NOW}
)`;

/** A key that is taken fails the write, and nothing of it is kept. */
const INSERT = `
INSERT INTO answers (holder, key, fingerprint, token, held_until, expires_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, ${NOW} + ${HOLD_MS}, ${NOW} + (value ->> 4)
FROM json_each(?2)`;

/** After the promises whose ids are the tokens were made: `?1` is [[holder, key], …]. */
const NOTE_MADE = `
UPDATE answers AS a SET made = (
  SELECT json_array(p.status, p.waits_for, p.created_at, p.run_at)
  FROM promises p WHERE p.id = a.token
)
FROM json_each(?1) given WHERE a.holder = given.value ->> 0 AND a.key = given.value ->> 1`;

const SELECT_ONE = `
SELECT fingerprint, token, made, status, headers, body, held_until > ${NOW} AS is_held
FROM answers WHERE holder = ?2 AND key = ?3 AND expires_at > ${NOW}`;

const TAKE_OVER = `
UPDATE answers SET held_until = ${NOW} + ${HOLD_MS}
WHERE holder = ?2 AND key = ?3 AND token = ?4 AND body IS NULL AND held_until <= ${NOW}
RETURNING 1 AS taken`;

const KEEP = `
UPDATE answers SET status = ?4, headers = ?5, body = ?6
WHERE holder = ?1 AND key = ?2 AND token = ?3`;

/** What was broken off may be carried on at once. */
const RELEASE = `
UPDATE answers SET held_until = 0 WHERE holder = ?1 AND key = ?2 AND token = ?3 AND body IS NULL`;

const DROP = 'DELETE FROM answers WHERE holder = ?1 AND key = ?2 AND token = ?3 AND body IS NULL';

const PRUNE = `
DELETE FROM answers WHERE rowid IN (
  SELECT rowid FROM answers INDEXED BY answers_by_expiry
  WHERE expires_at <= ${NOW} ORDER BY expires_at LIMIT ?2
)
RETURNING 1 AS gone`;

/** Answers of calls with an `Idempotency-Key`, beside the promises that those made. */
export class Answers {
  readonly #database: Database;
  readonly #clock: SqlClock;
  /** Calls of this process. */
  readonly #open = new Set<string>();

  constructor(database: Database, options: { readonly clock?: SqlClock } = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
  }

  /** False when a call with this key is being carried out in this process. End it with `close`. */
  open({ holder, key }: Pick<Ticket, 'holder' | 'key'>): boolean {
    const name = JSON.stringify([holder, key]);
    if (this.#open.has(name)) return false;
    this.#open.add(name);
    return true;
  }

  close({ holder, key }: Pick<Ticket, 'holder' | 'key'>): void {
    this.#open.delete(JSON.stringify([holder, key]));
  }

  async find({ holder, key }: Pick<Ticket, 'holder' | 'key'>): Promise<FoundTicket | undefined> {
    const args = [this.#clock(), holder, key];
    const [found] = await this.#database.read([{ sql: SELECT_ONE, args }], {
      label: 'answers.find',
    });
    const row = found?.rows[0];
    return row === undefined ? undefined : ticketOf(row);
  }

  /** @throws HoldfastError `constraint-violated` when the key is taken */
  async reserve(ticket: Ticket): Promise<void> {
    await perform(this.#database, 'answers.reserve', [takeTickets([ticket], this.#clock)]);
  }

  /** Carries on what was broken off. False when somebody else does. */
  async takeOver({ holder, key, token }: Ticket): Promise<boolean> {
    const args = [this.#clock(), holder, key, token];
    const [taken] = await this.#database.write([{ sql: TAKE_OVER, args }], {
      label: 'answers.take-over',
    });
    return (taken?.rows.length ?? 0) > 0;
  }

  keep(ticket: Ticket, { status, headers, body }: KeptAnswer): Promise<void> {
    return this.#write('answers.keep', KEEP, ticket, [status, JSON.stringify(headers), body]);
  }

  release(ticket: Ticket): Promise<void> {
    return this.#write('answers.release', RELEASE, ticket);
  }

  /** Forgets a call that changed nothing. */
  drop(ticket: Ticket): Promise<void> {
    return this.#write('answers.drop', DROP, ticket);
  }

  /** Deletes one slice of answers whose time is over; returns how many. */
  async prune(limit: number = SLICE_MAX): Promise<number> {
    const args = [this.#clock(), Math.min(limit, SLICE_MAX)];
    const [gone] = await this.#database.write([{ sql: PRUNE, args }], {
      label: 'answers.prune',
      idempotent: true,
    });
    return gone?.rows.length ?? 0;
  }

  async #write(
    label: string,
    sql: string,
    { holder, key, token }: Ticket,
    more: readonly (string | number)[] = [],
  ): Promise<void> {
    const statement = { sql, args: [holder, key, token, ...more] };
    await this.#database.write([statement], { label, idempotent: true });
  }
}

/** The call's ticket goes with the first of what it makes. */
export function withTicket<T extends Ticketed>(prepared: readonly T[], ticket: Ticket): T[] {
  return prepared.map((one, at) => (at === 0 ? { ...one, ticket } : one));
}

/** Asked for again, after the ticket's row was written. */
export function withKeptTicket<T extends Ticketed>(one: T): T {
  return one.ticket === undefined ? one : { ...one, ticket: { ...one.ticket, isKept: true } };
}

interface Ticketed {
  readonly ticket?: Ticket | undefined;
}

/** Before what their calls make, in the same write. */
export function takeTickets(tickets: readonly Ticket[], clock: SqlClock): Operation<void> {
  const rows = tickets
    .filter(({ isKept }) => isKept !== true)
    .map(({ holder, key, fingerprint, token, lifetimeMs }) => [
      holder,
      key,
      fingerprint,
      token,
      lifetimeMs,
    ]);
  const args = () => [clock(), JSON.stringify(rows)];
  return {
    statements:
      rows.length === 0
        ? []
        : [
            { sql: DELETE_EXPIRED, args: args() },
            { sql: INSERT, args: args() },
          ],
    read: () => undefined,
  };
}

/** After the promises of their calls, in the same write. */
export function noteMade(tickets: readonly Ticket[]): Operation<void> {
  const names = JSON.stringify(tickets.map(({ holder, key }) => [holder, key]));
  return {
    statements: tickets.length === 0 ? [] : [{ sql: NOTE_MADE, args: [names] }],
    read: (results) => void lastRows(results),
  };
}

/** Hex digits of a token that are zero: the numbers of what its call makes. */
const NUMBER_LENGTH = 5;

/** @param uuid a UUIDv7 */
export function tokenOf(uuid: string): string {
  return idOf(uuid, 0);
}

/** The id of the `index`th promise that a call makes, always the same; the first is the token. */
export function idOf(token: string, index: number): string {
  return token.slice(0, -NUMBER_LENGTH) + index.toString(16).padStart(NUMBER_LENGTH, '0');
}

/** A promise as its maker was told of it. */
export function asMade(fresh: PromiseRecord, { status, waitsFor }: MadeFacts): PromiseRecord {
  return status === 'waiting' ? ({ ...fresh, status, waitsFor } as PromiseRecord) : fresh;
}

function ticketOf(row: Row): FoundTicket {
  const token = textOf(row, 'token');
  const facts = jsonOf<[Status, WaitsFor | null, number, number] | null>(row, 'made');
  const isAnswered = typeof row.body === 'string';
  return {
    fingerprint: textOf(row, 'fingerprint'),
    token,
    answer: isAnswered
      ? {
          status: numberOf(row, 'status'),
          headers: jsonOf(row, 'headers'),
          body: textOf(row, 'body'),
        }
      : undefined,
    made: facts
      ? { id: token, status: facts[0], waitsFor: facts[1], createdAt: facts[2], runAt: facts[3] }
      : undefined,
    isHeld: row.is_held === 1,
  };
}
