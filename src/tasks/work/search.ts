import { z } from 'zod';
import { HoldfastError, InputInvalidError, text } from '../../core/index.js';
import type { SearchProvider } from '../../outbound/index.js';
import { defineTask } from '../task.js';
import { storableText } from './webhook-result.js';

const question = z.strictObject({
  query: text(1, 1_000),
  /** The most sources, 1 to 20. Default 5. */
  limit: z.int().min(1).max(20).optional(),
  /** Default the first that is set. */
  provider: z.enum(['searxng', 'model']).optional(),
});

/** The payload of a `search` promise; in short the words to search for. */
const input = z.union([
  text(1, 1_000).transform((query): z.output<typeof question> => ({ query })),
  question,
]);

const LIMIT = 5;

/** Searches the web: docs/tasks/search.md. @param providers at least one, the default first */
export function searchTask(providers: readonly SearchProvider[]) {
  const find = (name: SearchProvider['name'] | undefined) =>
    name === undefined ? providers[0] : providers.find((one) => one.name === name);
  return defineTask({
    type: 'search',
    input,
    admit({ provider }) {
      if (find(provider) !== undefined) return;
      const rule = `must be one that is set: ${providers.map(({ name }) => name).join(', ')}`;
      throw new InputInvalidError([
        { path: 'payload.provider', rule, received: JSON.stringify(provider) },
      ]);
    },
    async run({ query, limit = LIMIT, provider }, { signal }) {
      const chosen = find(provider);
      if (chosen === undefined) {
        throw new HoldfastError('setting-invalid', `the search provider ${provider} is not set`);
      }
      const { answer, sources } = await chosen.search({ query, limit, signal });
      return {
        query,
        provider: chosen.name,
        text: storableText(
          answer ?? sources.map(({ title, url }) => `${title}\n${url}`).join('\n'),
        ),
        answer: answer === null ? null : storableText(answer),
        sources: sources.map(({ title, url, snippet }) => ({
          title: storableText(title),
          url: storableText(url),
          snippet: snippet === null ? null : storableText(snippet),
        })),
      };
    },
  });
}
