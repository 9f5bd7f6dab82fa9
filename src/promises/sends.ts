import { newId } from '../core/index.js';
import { type Database, databaseClock, NOW, type SqlClock } from '../db/index.js';
import { textOf } from './row.js';

/** Sent again it finds its own token. */
const BEGIN = `
INSERT INTO sends (promise_id, key, token, state, begun_at) VALUES (?2, ?3, ?4, 'begun', ${NOW})
ON CONFLICT (promise_id, key) DO UPDATE SET token = excluded.token, state = 'begun'
  WHERE ?5 AND sends.state <> 'sent'`;

const SELECT = 'SELECT token, state, receipt FROM sends WHERE promise_id = ?1 AND key = ?2';

const END = `
UPDATE sends SET state = ?4, receipt = ?5 WHERE promise_id = ?1 AND key = ?2 AND token = ?3`;

const MARK_UNKNOWN = `
UPDATE sends SET state = 'unknown' WHERE promise_id = ?1 AND key = ?2 AND state = 'begun'`;

const FORGET = 'DELETE FROM sends WHERE promise_id = ?1 AND key = ?2 AND token = ?3';

/** What of a run tells which sending it is: its promise, and the key that all its attempts share. */
export interface Sender {
  readonly id: string;
  readonly idempotencyKey: string;
}

/** `begun`: send it now, and say how it ended. `sent`: it was, with this receipt. `unknown`: perhaps. */
export type Begun =
  | { readonly state: 'begun'; readonly token: string }
  | { readonly state: 'sent'; readonly receipt: string }
  | { readonly state: 'unknown' };

/**
 * What is sent to those who know no idempotency key. The intent is on disk before the call,
 * so that whoever comes after a crash knows that something may have been sent.
 */
export class Sends {
  readonly #database: Database;
  readonly #clock: SqlClock;

  constructor(database: Database, options: { readonly clock?: SqlClock } = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
  }

  /** @param again send also what may have been sent before */
  async begin({ id, idempotencyKey }: Sender, again: boolean): Promise<Begun> {
    const token = newId();
    const args = [this.#clock(), id, idempotencyKey, token, Number(again)];
    const [, found] = await this.#database.write(
      [
        { sql: BEGIN, args },
        { sql: SELECT, args: [id, idempotencyKey] },
      ],
      { label: 'sends.begin', idempotent: true },
    );
    const row = found?.rows[0] ?? {};
    if (row.token === token) return { state: 'begun', token };
    if (row.state === 'sent') return { state: 'sent', receipt: textOf(row, 'receipt') };
    await this.#write('sends.unknown', MARK_UNKNOWN, [id, idempotencyKey]);
    return { state: 'unknown' };
  }

  /** It went out. @param receipt what the receiver knows it by */
  async sent({ id, idempotencyKey }: Sender, token: string, receipt: string): Promise<void> {
    await this.#write('sends.sent', END, [id, idempotencyKey, token, 'sent', receipt]);
  }

  /** Nobody can tell whether it went out. */
  async unknown({ id, idempotencyKey }: Sender, token: string): Promise<void> {
    await this.#write('sends.unknown', END, [id, idempotencyKey, token, 'unknown', null]);
  }

  /** It certainly did not go out: it may be sent again. */
  async unsent({ id, idempotencyKey }: Sender, token: string): Promise<void> {
    await this.#write('sends.unsent', FORGET, [id, idempotencyKey, token]);
  }

  async #write(label: string, sql: string, args: readonly (string | null)[]): Promise<void> {
    await this.#database.write([{ sql, args }], { label, idempotent: true });
  }
}
