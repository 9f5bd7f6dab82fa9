import { z } from 'zod';
import { text } from '../../core/index.js';

/** What is read of a text; the rest is left out. */
export const ANALYSED_LENGTH_MAX = 240_000;

const LINK = /^https?:\/\/\S+$/i;

const subject = z
  .strictObject({
    /** A page to fetch: http or https. */
    url: text(1, 8_192).optional(),
    text: text(1, 900_000).optional(),
    document: z
      .strictObject({
        name: text(1, 500),
        content: text(1, 900_000),
        /** Default `text/plain`. */
        contentType: z.enum(['text/plain', 'text/markdown', 'text/html']).optional(),
      })
      .optional(),
    /** What is to be found out. Default what it says. */
    question: text(1, 2_000).optional(),
  })
  .refine(
    ({ url, text: words, document }) =>
      [url, words, document].filter((one) => one !== undefined).length === 1,
    { path: ['url'], error: 'must be given, or text, or document: one of the three' },
  );

/** The payload of an `analyse` promise: a link, a document or a text; in short a string that is a link or a text. */
export const analyseInput = z.union([
  text(1, 900_000).transform((words): z.output<typeof subject> => {
    const trimmed = words.trim();
    return LINK.test(trimmed) ? { url: trimmed } : { text: words };
  }),
  subject,
]);

export type AnalyseInput = z.output<typeof analyseInput>;
