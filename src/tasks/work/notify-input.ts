import { z } from 'zod';
import { text } from '../../core/index.js';
import { EVENT_KINDS, storedOrigin } from '../../promises/index.js';

/** Longer texts are cut to what their channel takes. */
const TEXT_LENGTH_MAX = 100_000;

/** The payload of a `notify` promise: what to say, or which settled promise to tell of. */
export const notifyInput = z
  .strictObject({
    to: storedOrigin,
    /** In plain words. */
    text: text(1, TEXT_LENGTH_MAX).optional(),
    /** Of a mail. Default the first line of the text. */
    subject: text(1, 200).optional(),
    /** Made by the service itself, in the write that settles the promise. */
    event: z
      .strictObject({
        id: z.string(),
        kind: z.enum(EVENT_KINDS),
        promise: z.string(),
        queue: z.string(),
        type: z.string(),
        at: z.int(),
      })
      .optional(),
  })
  .refine(({ text: words, event }) => (words === undefined) !== (event === undefined), {
    path: ['text'],
    message: 'must be given',
  });

export type NotifyInput = z.output<typeof notifyInput>;
