import { z } from 'zod';
import { text } from '../../src/core/index.js';
import { instant } from '../../src/promises/index.js';
import {
  MESSAGE_KINDS,
  MESSAGE_STATUSES,
  type Message,
  newMessage,
} from '../../src/records/index.js';
import { defineOperation } from './operation.js';
import { definedOf, pageQuery } from './page.js';
import { isoOf } from './promise-view.js';

const messageView = z.object({
  id: z.string(),
  chat: z.string(),
  messageId: z.string(),
  text: z.string(),
  sender: z.string().nullable(),
  kind: z.enum(MESSAGE_KINDS),
  receivedAt: z.iso.datetime().describe('when it was written; of a scheduled one, its time'),
  status: z.enum(MESSAGE_STATUSES),
  error: z.string().nullable().describe('what went wrong with it'),
});

function viewOf(message: Message) {
  return { ...message, receivedAt: isoOf(message.receivedAt) };
}

const { chat, messageId, text: words, sender } = newMessage.shape;

const take = defineOperation({
  id: 'takeMessage',
  method: 'post',
  path: '/v1/messages',
  summary: 'Take a message in',
  description:
    'It becomes a promise with the same id, which `GET /v1/promises/{id}` tells of. Messages of one ' +
    'chat are processed one after the other, in the order they came. A `messageId` that the chat has ' +
    'sent before is answered 200 with that message.',
  access: 'produce',
  body: z
    .strictObject({
      chat,
      messageId: messageId.optional(),
      text: words.min(1),
      sender,
      kind: z.enum(MESSAGE_KINDS).optional(),
      /** Of a scheduled one: when it is processed. */
      at: instant.optional(),
    })
    .refine(({ kind, at }) => at === undefined || kind === 'scheduled', {
      path: ['at'],
      message: 'goes with kind "scheduled"',
    })
    .refine(({ kind, at }) => at !== undefined || kind !== 'scheduled', {
      path: ['at'],
      message: 'must be given with kind "scheduled"',
    }),
  example: { chat: 'desk', text: '/status', sender: 'ada' },
  answers: {
    201: {
      description: 'taken in',
      schema: messageView.extend({ deduplicated: z.boolean() }),
    },
    200: {
      description: 'the chat had sent it before',
      schema: messageView.extend({ deduplicated: z.boolean() }),
    },
  },
  idempotency: 'reserve',
  handle: async ({ services, body }) => {
    const { at, kind = 'followup', messageId: known = crypto.randomUUID(), ...rest } = body;
    const { message, deduplicated, promises } = await services.inbox.take({
      ...definedOf(rest),
      kind,
      messageId: known,
      ...(at === undefined ? {} : { receivedAt: at }),
    });
    services.onMade(promises);
    return { status: deduplicated ? 200 : 201, body: { ...viewOf(message), deduplicated } };
  },
});

const list = defineOperation({
  id: 'listMessages',
  method: 'get',
  path: '/v1/messages',
  summary: 'List messages that came in, newest first',
  access: 'read',
  query: z.strictObject({ ...pageQuery, chat: text(1, 200).optional() }),
  answers: {
    200: {
      description: 'one page',
      schema: z.object({ data: z.array(messageView), nextCursor: z.string().nullable() }),
    },
  },
  handle: async ({ services, query }) => {
    const { data, nextCursor } = await services.messages.list(definedOf(query));
    return { body: { data: data.map(viewOf), nextCursor } };
  },
});

export const messageOperations = [take, list];
