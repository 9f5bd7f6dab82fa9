import { z } from 'zod';
import { HoldfastError, systemClock } from '../../src/core/index.js';
import { AWAY_MS } from '../../src/tasks/index.js';
import { isAllowedChat } from '../channels.js';
import type { CallServices } from './call-services.js';
import { defineOperation } from './operation.js';

const SECRET_HEADER = 'X-Telegram-Bot-Api-Secret-Token';

/** Long ones are cut as Telegram itself does: a message has at most 4,096 characters. */
const TEXT_LENGTH_MAX = 65_536;

const update = defineOperation({
  id: 'takeTelegramUpdate',
  method: 'post',
  path: '/telegram/webhook',
  summary: 'Take an update of the Telegram bot',
  description:
    `For Telegram alone, which sends the secret of the webhook in \`${SECRET_HEADER}\`. Messages in ` +
    'words, from chats of `TELEGRAM_ALLOWED_CHATS`, are taken in, each update once; anything else is ' +
    'answered and left aside.',
  access: 'open',
  enter: requireSecret,
  body: z.looseObject({ update_id: z.int().min(0) }),
  example: {
    update_id: 7_001,
    message: {
      message_id: 12,
      date: 1_893_456_000,
      chat: { id: 42, type: 'private', first_name: 'Ada' },
      from: { id: 42, is_bot: false, first_name: 'Ada' },
      text: '/status',
    },
  },
  answers: {
    200: {
      description: 'taken in, known already, or nothing for us',
      schema: z.object({ message: z.string().nullable(), deduplicated: z.boolean() }),
    },
  },
  refusals: ['not-found', 'database-busy'],
  handle: async ({ services, body }) => {
    const found = readUpdate(services, body);
    if (found === undefined) return NOTHING;
    const { updateId, chat, sender, text, writtenAt } = found;
    if (!isAllowedChat(services.settings, chat)) {
      services.log.warn('chat-not-allowed', { chat });
      return NOTHING;
    }
    const { message, deduplicated, promises } = await services.inbox.take({
      chat: `telegram:${chat}`,
      messageId: String(updateId),
      text: text.replaceAll('\u0000', '').toWellFormed().slice(0, TEXT_LENGTH_MAX).toWellFormed(),
      ...(sender === null ? {} : { sender: sender.slice(0, 200).toWellFormed() }),
      kind: systemClock.now() - writtenAt > AWAY_MS ? 'missed' : 'followup',
      receivedAt: writtenAt,
    });
    services.onMade(promises);
    return { body: { message: message.id, deduplicated } };
  },
});

const NOTHING = { body: { message: null, deduplicated: false } };

/** An update that is not what Telegram sends is nothing for us: it would only be sent again. */
function readUpdate({ telegram }: CallServices, body: object) {
  try {
    return telegram?.read(body);
  } catch {
    return undefined;
  }
}

async function requireSecret(
  { settings, telegram }: CallServices,
  headers: Headers,
): Promise<void> {
  if (telegram === undefined) {
    throw new HoldfastError('not-found', 'there is no Telegram bot: TELEGRAM_BOT_TOKEN is not set');
  }
  const { TELEGRAM_WEBHOOK_SECRET: secret } = settings;
  const given = headers.get(SECRET_HEADER);
  const isRight =
    secret !== undefined && given !== null && (await digestOf(given)) === (await digestOf(secret));
  if (isRight) return;
  throw new HoldfastError('unauthorized', `${SECRET_HEADER} is not the secret of this webhook`);
}

/** Hashes: what a comparison of them takes tells nothing of the secret. */
async function digestOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return String.fromCharCode(...new Uint8Array(digest));
}

export const telegramOperations = [update];
