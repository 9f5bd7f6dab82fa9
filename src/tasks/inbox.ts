import { type Log, newId } from '../core/index.js';
import {
  type Enqueue,
  isSettled,
  type PromiseRecord,
  type PromiseStore,
} from '../promises/index.js';
import type { Message, Messages, NewMessage } from '../records/index.js';

/** The type of promises that messages become, and the line they stand in. */
export const MESSAGE = { type: 'message', queue: 'messages' } as const;

export interface InboxOptions {
  readonly messages: Messages;
  readonly store: PromiseStore;
  readonly log: Log;
}

/** A message that was taken in. */
export interface Taken {
  readonly message: Message;
  /** True when its chat had sent it before. */
  readonly deduplicated: boolean;
  /** What was made of it, and of those of its chat that had been left; the sweep makes what is missing. */
  readonly promises: readonly PromiseRecord[];
}

/** What a sweep did. */
export interface SweepReport {
  readonly queued: number;
  readonly processed: number;
  readonly failed: number;
}

/** One write of promises. */
const CHAT_MESSAGES_MAX = 100;
const SWEEP_MESSAGES_MAX = 500;
/** Younger ones have their promise under way. */
const SWEEP_AGE_MS = 600_000;
/** What is taken in so long after it was written came while we were away. */
export const AWAY_MS = 120_000;

/**
 * Takes messages in: each is a row of the `system` database first, then a promise of the
 * `queue` database with the same id, so that either write can be sent again.
 */
export class Inbox {
  readonly #options: InboxOptions;
  #isOrdered = false;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the message is durable. A queue that cannot be written does not fail it:
   * the sweep makes its promise.
   * @throws InputInvalidError naming the field
   */
  async take(input: Omit<NewMessage, 'id'>): Promise<Taken> {
    const { messages, log } = this.#options;
    const { message, deduplicated } = await messages.add({ ...input, id: newId() });
    if (message.status !== 'received') return { message, deduplicated, promises: [] };
    try {
      const waiting = await messages.received(CHAT_MESSAGES_MAX, message.chat);
      const promises = await this.#queue(waiting);
      const isQueued = promises.some(({ id }) => id === message.id);
      const now = isQueued ? { ...message, status: 'queued' as const } : message;
      return { message: now, deduplicated, promises };
    } catch (error) {
      log.warn('message-not-queued', { message: message.id, error });
      return { message, deduplicated, promises: [] };
    }
  }

  /** Makes promises of what was left, and notes what became of promises that could not say so. */
  async sweep(): Promise<SweepReport> {
    const { messages } = this.#options;
    const left = await messages.received(SWEEP_MESSAGES_MAX);
    await messages.markMissed(idsOf(left), AWAY_MS);
    await this.#queue(left);
    const report = { queued: left.length, processed: 0, failed: 0 };
    const open = await messages.queued({ olderThanMs: SWEEP_AGE_MS, limit: CHAT_MESSAGES_MAX });
    for (const message of open) {
      const promise = await this.#options.store.get(message.id);
      if (promise !== undefined && !isSettled(promise.status)) continue;
      const error = errorOf(promise);
      await messages.end(message.id, error);
      report[error === null ? 'processed' : 'failed'] += 1;
    }
    return report;
  }

  /** In the order they were taken in: a chat is a lane, and its order is that of the ids. */
  async #queue(waiting: readonly Message[]): Promise<PromiseRecord[]> {
    if (waiting.length === 0) return [];
    const { messages, store } = this.#options;
    await this.#keepOrder();
    const made = await store.enqueue(waiting.map(promiseOf));
    await messages.markQueued(idsOf(waiting));
    return made.map(({ promise }) => promise);
  }

  /** Chats are served in strict order: a message that is tried again holds those behind it back. */
  async #keepOrder(): Promise<void> {
    if (this.#isOrdered) return;
    const { queues } = this.#options.store;
    const { perKey } = await queues.get(MESSAGE.queue);
    if (perKey.order !== 'strict') await queues.set(MESSAGE.queue, { perKey: { order: 'strict' } });
    this.#isOrdered = true;
  }
}

function promiseOf({ id, chat, kind, receivedAt }: Message): Enqueue {
  const promise = { ...MESSAGE, id, payload: { message: id } };
  // It has a time of its own, and must not hold back what its chat says until then.
  if (kind === 'scheduled') return { ...promise, runAt: receivedAt };
  return { ...promise, concurrencyKey: chat };
}

function errorOf(promise: PromiseRecord | undefined): string | null {
  if (promise === undefined) return 'its promise is gone';
  if (promise.status === 'completed') return null;
  return promise.error?.message ?? `its promise was ${promise.status}`;
}

function idsOf(messages: readonly Message[]): string[] {
  return messages.map(({ id }) => id);
}
