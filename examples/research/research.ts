import { defineTask, type Json } from 'holdfast';
import { z } from 'zod';

/** Searches the web, and makes a list of what was found when that is done. */
export const research = defineTask({
  type: 'research',
  input: z.strictObject({ question: z.string().min(1).max(1_000) }),
  run: ({ question }, { enqueue }) => {
    const found = enqueue('search', { query: question, limit: 5 });
    enqueue('reading-list', { question }, { dependsOn: [found] });
    return { question };
  },
});

export const readingList = defineTask({
  type: 'reading-list',
  input: z.strictObject({ question: z.string() }),
  run: async ({ question }, { parents }) => {
    const [search] = await parents();
    const result = search !== undefined && 'result' in search ? search.result : null;
    return { question, read: sourcesOf(result) };
  },
});

function sourcesOf(result: Json): string[] {
  const { sources = [] } = (result ?? {}) as {
    readonly sources?: readonly { readonly title: string; readonly url: string }[];
  };
  return sources.map(({ title, url }) => `${title}: ${url}`);
}
