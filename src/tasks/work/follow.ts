import { z } from 'zod';
import { cancel, HoldfastError } from '../../core/index.js';
import { TELEGRAM_TEXT_LENGTH_MAX, type Telegram } from '../../outbound/index.js';
import { isSettled, NOTIFY, type Origin, type PromiseRecord } from '../../promises/index.js';
import { defineTask } from '../task.js';
import { progressText } from './commands.js';
import { cutText } from './settlement-text.js';

/** The type of promises that keep a message of a chat up to date, and the line they stand in. */
export const FOLLOW = { type: 'follow', queue: NOTIFY.queue } as const;

/** Between two looks; what is done sooner is not followed. */
export const FOLLOW_MS = 5_000;

export interface FollowParts {
  /** Those that chats may see. */
  readonly promises: { get(id: string): Promise<PromiseRecord | undefined> };
  /** Why nothing may be shown there. */
  readonly refuse: (to: Origin) => string | undefined;
  readonly telegram: Telegram | undefined;
}

/**
 * Shows how far a promise is in the message that told of it, until it is settled. To give a
 * message a text that it has already changes nothing, so that this may be done twice.
 */
export function followTask({ promises, telegram, refuse }: FollowParts) {
  return defineTask({
    type: FOLLOW.type,
    input: z.strictObject({ promise: z.string(), chat: z.string(), text: z.string() }),
    admit({ chat }) {
      const reason = refuse({ channel: 'telegram', chat });
      if (reason === undefined) return;
      throw new HoldfastError('address-refused', `nothing may be shown there: ${reason}`);
    },
    async run({ promise: id, chat, text }, { parents, state, signal, continueWith }) {
      const promise = await promises.get(id);
      const message = messageOf(await parents());
      if (promise === undefined || isSettled(promise.status)) return { done: true };
      if (telegram === undefined || message === null)
        return cancel('there is no message to change');
      const { progress } = promise;
      const now = progress === null ? '' : progressText(progress);
      if (now !== '' && now !== state) {
        const shown = cutText(`${text}\n${now}`, TELEGRAM_TEXT_LENGTH_MAX);
        await telegram.edit({ chat, id: message }, shown, signal);
      }
      return continueWith(now === '' ? state : now, { delay: FOLLOW_MS });
    },
  });
}

/** What Telegram calls the message that told of the promise. */
function messageOf(
  parents: readonly { readonly status: string; readonly result?: unknown }[],
): string | null {
  const { message } = (parents[0]?.result ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : null;
}
