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

  /** Deletes one slice of messages received more than `olderThanMs` ago; returns how many. */
  prune(options: { readonly olderThanMs: number; readonly limit?: number }): Promise<number> {
    const { olderThanMs, limit = SLICE_MAX } = options;
    const args = { clock: this.#clock, olderThanMs, limit };
    return pruneSlice(this.#database, 'messages.prune', PRUNE, args);
  }
}

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
