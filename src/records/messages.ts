import { HoldfastError, parseInput } from '../core/index.js';
import { type Database, databaseClock, NOW, type Row, type SqlClock } from '../db/index.js';
import {
  type Message,
  type MessageKind,
  type MessageStatus,
  type NewMessage,
  newMessage,
} from './message.js';
import { type Page, type PageAsk, pageBounds, pageOf } from './page.js';
import { numberOf, textOf, textOrNull } from './row.js';
import { pruneSlice, SLICE_MAX } from './slice.js';

const COLUMNS = 'id, chat, message_id, text, sender, kind, received_at, status, error';

const INSERT = `
INSERT INTO messages (id, chat, message_id, text, sender, kind, received_at, status)
VALUES (?2, ?3, ?4, ?5, ?6, ?7, coalesce(?8, ${NOW}), 'received')
ON CONFLICT DO NOTHING`;

const SELECT_KNOWN = `SELECT ${COLUMNS} FROM messages WHERE chat = ?1 AND message_id = ?2`;

const SELECT_PAGE = `
SELECT ${COLUMNS} FROM messages WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2`;

const SELECT_PAGE_OF_CHAT = `
SELECT ${COLUMNS} FROM messages INDEXED BY messages_by_chat
WHERE chat = ?3 AND (?1 IS NULL OR id < ?1) ORDER BY id DESC LIMIT ?2`;

const SELECT_ONE = `SELECT ${COLUMNS} FROM messages WHERE id = ?1`;

/** In the order they were taken in. `?1` is a chat, or null for all. */
const SELECT_RECEIVED = `
SELECT ${COLUMNS} FROM messages INDEXED BY messages_received
WHERE status = 'received' AND (?1 IS NULL OR chat = ?1) ORDER BY id LIMIT ?2`;

/** Those with a promise that had time to end. */
const SELECT_QUEUED = `
SELECT ${COLUMNS} FROM messages INDEXED BY messages_queued
WHERE status = 'queued' AND received_at < ${NOW} - ?2 ORDER BY id LIMIT ?3`;

/** `?1` is a JSON array of ids. What is processed already stays so. */
const MARK_QUEUED = `
UPDATE messages SET status = 'queued'
WHERE id IN (SELECT value FROM json_each(?1)) AND status = 'received'`;

/** What was left lying came while we were away, as far as its chat can tell. */
const MARK_MISSED = `
UPDATE messages SET kind = 'missed'
WHERE id IN (SELECT value FROM json_each(?2)) AND status = 'received' AND kind = 'followup'
  AND received_at < ${NOW} - ?3`;

const END = 'UPDATE messages SET status = ?2, error = ?3 WHERE id = ?1';

const COUNT = 'SELECT status, kind, count(*) AS messages FROM messages GROUP BY status, kind';

const PRUNE = `
DELETE FROM messages WHERE id IN (
  SELECT id FROM messages INDEXED BY messages_by_age
  WHERE received_at < ${NOW} - ?2 ORDER BY received_at LIMIT ?3
)`;

/** Messages that came in, each once. */
export class Messages {
  readonly #database: Database;
  readonly #clock: SqlClock;

  constructor(database: Database, options: { readonly clock?: SqlClock } = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
  }

  /**
   * Keeps a message. One that its chat has sent before is not kept again: the
   * first one is returned, `deduplicated` true. The same id again is a resend.
   * @throws InputInvalidError; HoldfastError `constraint-violated` for the id of another message
   */
  async add(input: NewMessage): Promise<{ message: Message; deduplicated: boolean }> {
    const { id, chat, messageId, text, sender, kind, receivedAt } = parseInput(newMessage, input);
    const args = [id, chat, messageId, text, sender ?? null, kind, receivedAt ?? null];
    const results = await this.#database.write(
      [
        { sql: INSERT, args: [this.#clock(), ...args] },
        { sql: SELECT_KNOWN, args: [chat, messageId] },
      ],
      { label: 'messages.add', idempotent: true },
    );
    const row = results.at(-1)?.rows[0];
    if (row === undefined) {
      throw new HoldfastError('constraint-violated', `id: ${id} is the id of another message`);
    }
    const message = messageOf(row);
    return { message, deduplicated: message.id !== id };
  }

  /**
   * Newest first, of one chat or of all.
   * @throws InputInvalidError naming the limit or the cursor
   */
  async list(ask: PageAsk & { readonly chat?: string } = {}): Promise<Page<Message>> {
    const { chat, ...rest } = ask;
    const { limit, rows, before } = pageBounds(rest);
    const statement =
      chat === undefined
        ? { sql: SELECT_PAGE, args: [before, rows] }
        : { sql: SELECT_PAGE_OF_CHAT, args: [before, rows, chat] };
    const [found] = await this.#database.read([statement], { label: 'messages.list' });
    return pageOf((found?.rows ?? []).map(messageOf), limit);
  }

  async get(id: string): Promise<Message | undefined> {
    const [row] = await this.#rows('messages.get', SELECT_ONE, [id]);
    return row && messageOf(row);
  }

  /** Those that no promise was made of, of one chat or of all, in the order they were taken in. */
  async received(limit: number, chat?: string): Promise<Message[]> {
    const rows = await this.#rows('messages.received', SELECT_RECEIVED, [chat ?? null, limit]);
    return rows.map(messageOf);
  }

  /** Those with a promise, received more than `olderThanMs` ago. */
  async queued(options: { readonly olderThanMs: number; readonly limit: number }) {
    const args = [this.#clock(), options.olderThanMs, options.limit];
    return (await this.#rows('messages.queued', SELECT_QUEUED, args)).map(messageOf);
  }

  /** A promise was made of each. */
  async markQueued(ids: readonly string[]): Promise<void> {
    await this.#write('messages.mark-queued', MARK_QUEUED, [JSON.stringify(ids)]);
  }

  /** Those that were left lying for longer than `awayMs`. */
  async markMissed(ids: readonly string[], awayMs: number): Promise<void> {
    const args = [this.#clock(), JSON.stringify(ids), awayMs];
    await this.#write('messages.mark-missed', MARK_MISSED, args);
  }

  /** @param error what went wrong with it; null when nothing did */
  async end(id: string, error: string | null): Promise<void> {
    const status: MessageStatus = error === null ? 'processed' : 'failed';
    await this.#write('messages.end', END, [id, status, error]);
  }

  /** How many there are of each status and kind, of what retention has kept. */
  async counts(): Promise<{ status: MessageStatus; kind: MessageKind; messages: number }[]> {
    return (await this.#rows('messages.counts', COUNT, [])).map((row) => ({
      status: textOf(row, 'status') as MessageStatus,
      kind: textOf(row, 'kind') as MessageKind,
      messages: numberOf(row, 'messages'),
    }));
  }

  /** Deletes one slice of messages received more than `olderThanMs` ago; returns how many. */
  prune(options: { readonly olderThanMs: number; readonly limit?: number }): Promise<number> {
    const { olderThanMs, limit = SLICE_MAX } = options;
    const args = { clock: this.#clock, olderThanMs, limit };
    return pruneSlice(this.#database, 'messages.prune', PRUNE, args);
  }

  async #rows(label: string, sql: string, args: Args): Promise<readonly Row[]> {
    const [found] = await this.#database.read([{ sql, args }], { label });
    return found?.rows ?? [];
  }

  async #write(label: string, sql: string, args: Args): Promise<void> {
    await this.#database.write([{ sql, args }], { label, idempotent: true });
  }
}

type Args = readonly (string | number | null)[];

function messageOf(row: Row): Message {
  return {
    id: textOf(row, 'id'),
    chat: textOf(row, 'chat'),
    messageId: textOf(row, 'message_id'),
    text: textOf(row, 'text'),
    sender: textOrNull(row, 'sender'),
    kind: textOf(row, 'kind') as MessageKind,
    receivedAt: numberOf(row, 'received_at'),
    status: textOf(row, 'status') as MessageStatus,
    error: textOrNull(row, 'error'),
  };
}
