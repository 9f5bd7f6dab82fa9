import { z } from 'zod';
import { cancel, HoldfastError, InputInvalidError, messageOf } from '../../core/index.js';
import { NOTIFY, type Origin } from '../../promises/index.js';
import type { Message, Messages } from '../../records/index.js';
import { MESSAGE } from '../inbox.js';
import { defineTask } from '../task.js';
import type { TaskContext } from '../task-context.js';
import { type CommandParts, runCommand } from './commands.js';
import { FOLLOW, FOLLOW_MS } from './follow.js';

/** What a handler of messages is given. */
export interface Talk {
  /** Of the promise that processes the message: `enqueue`, `signal`, `log`, … */
  readonly context: TaskContext;
  /** Who is told of what the handler makes, as `origin`; undefined for a chat that has no channel. */
  readonly origin: Origin | undefined;
  /**
   * Says something in the chat, by a promise that is made when the handler is done. A chat
   * that has no channel finds it in the result of the message's promise.
   */
  readonly reply: (text: string) => void;
  /** Does what the service does without a handler: carries out commands. */
  readonly commands: () => Promise<void>;
}

/** Processes a message. A throw is tried again, and does not let the chat go on meanwhile. */
export type MessageHandler = (message: Message, talk: Talk) => void | Promise<void>;

export interface MessageParts extends CommandParts {
  readonly messages: Pick<Messages, 'get' | 'end'>;
  /** Default: commands are carried out. */
  readonly handler: MessageHandler | undefined;
}

/** A chat that cannot be told something now is told it for a quarter of an hour. */
const ATTEMPTS_MAX = 10;
const ERROR_LENGTH_MAX = 1_000;
const TELEGRAM_CHAT = /^telegram:(.+)$/;

/** Processes a message that came in. Made by the service itself: docs/tasks/message.md. */
export function messageTask(parts: MessageParts) {
  const { messages, handler = (_message, talk) => talk.commands() } = parts;
  return defineTask({
    type: MESSAGE.type,
    input: z.strictObject({ message: z.uuid() }),
    admit() {
      const rule = 'is made by the service itself: send POST /v1/messages';
      throw new InputInvalidError([{ path: 'type', rule, received: `"${MESSAGE.type}"` }]);
    },
    async run({ message: id }, context) {
      const message = await messages.get(id);
      if (message === undefined) return cancel('the message is gone');
      const replies: string[] = [];
      try {
        await handler(message, talkOf(message, context, replies, parts));
      } catch (error) {
        if (isLast(error, context))
          await messages.end(id, messageOf(error).slice(0, ERROR_LENGTH_MAX));
        throw error;
      }
      await messages.end(id, null);
      return { replies };
    },
  });
}

function talkOf(
  { chat, text }: Message,
  context: TaskContext,
  replies: string[],
  parts: MessageParts,
): Talk {
  const origin = originOf(chat);
  const say = (words: string): string | undefined => {
    replies.push(words);
    if (origin === undefined) return undefined;
    // One lane: what is said in a chat is said in order.
    const lane = { queue: NOTIFY.queue, concurrencyKey: chat, maxAttempts: ATTEMPTS_MAX };
    return context.enqueue(NOTIFY.type, { to: origin, text: words }, lane);
  };
  return {
    context,
    origin,
    reply: (words) => void say(words),
    commands: async () => {
      const call = { enqueue: context.enqueue, origin };
      const { answer, made } = await runCommand(text, call, parts);
      const told = say(answer);
      if (made === undefined || told === undefined || origin?.channel !== 'telegram') return;
      const followed = { promise: made, chat: origin.chat, text: answer };
      const after = { dependsOn: [told], onParentFailure: 'cancel' as const, delay: FOLLOW_MS };
      context.enqueue(FOLLOW.type, followed, { queue: FOLLOW.queue, ...after });
    },
  };
}

function originOf(chat: string): Origin | undefined {
  const [, id] = TELEGRAM_CHAT.exec(chat) ?? [];
  return id === undefined ? undefined : { channel: 'telegram', chat: id };
}

function isLast(error: unknown, { attempt, maxAttempts }: TaskContext): boolean {
  const isUseless = error instanceof HoldfastError && !error.retryable;
  return isUseless || attempt >= maxAttempts;
}
