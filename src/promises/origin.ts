import { z } from 'zod';
import { text } from '../core/index.js';

const originOf = (urlLengthMax: number) =>
  z.discriminatedUnion(
    'channel',
    [
      z.strictObject({
        channel: z.literal('telegram'),
        /** The chat's number, or `@name` of a channel. */
        chat: text(1, 64).regex(/^(?:-?\d+|@\w+)$/, {
          error: 'must be the number of a chat, or the @name of a channel',
        }),
      }),
      z.strictObject({
        channel: z.literal('webhook'),
        /** Called with POST, http or https. */
        url: text(1, urlLengthMax),
      }),
      z.strictObject({ channel: z.literal('mail'), to: z.email().max(254) }),
    ],
    { error: 'must have the channel "telegram", "webhook" or "mail"' },
  );

/** Where somebody is told: a chat, a URL, or an address. */
export const origin = originOf(2_048);

/** As it is stored: a URL may be sealed, which is longer. */
export const storedOrigin = originOf(16_384);

export type Origin = z.output<typeof origin>;
