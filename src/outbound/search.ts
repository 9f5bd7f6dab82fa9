import type OpenAI from 'openai';
import { HoldfastError } from '../core/index.js';
import { type ModelOptions, modelClient, modelError } from './model.js';
import type { Outbound } from './outbound.js';

export type Source = {
  readonly title: string;
  readonly url: string;
  readonly snippet: string | null;
};

/** What was found. */
export type Findings = {
  /** In words, where the provider gives any. */
  readonly answer: string | null;
  readonly sources: readonly Source[];
};

export interface SearchAsk {
  readonly query: string;
  /** The most sources. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** Somebody who searches the web. */
export interface SearchProvider {
  readonly name: 'searxng' | 'model';
  /** @throws HoldfastError `response-not-ok`, `target-unreachable` */
  search(ask: SearchAsk): Promise<Findings>;
}

const RESPONSE_BYTES_MAX = 2_097_152;

/** The JSON API of a SearXNG instance, whose settings must have `json` among `search.formats`. */
export function searxng(options: {
  readonly url: string;
  readonly outbound: Outbound;
}): SearchProvider {
  return {
    name: 'searxng',
    async search({ query, limit, signal }) {
      const url = new URL('search', options.url.endsWith('/') ? options.url : `${options.url}/`);
      url.searchParams.set('q', query);
      url.searchParams.set('format', 'json');
      const headers = { accept: 'application/json', 'user-agent': 'holdfast' };
      const asked = { headers, signal, responseBytesMax: RESPONSE_BYTES_MAX };
      const { status, text, truncated } = await options.outbound.fetch(url.href, asked);
      if (status !== 200 || truncated) throw refused(status, text);
      const { answers, results } = parsed(text);
      const sources = results.flatMap(sourceOf).slice(0, limit);
      return { answer: answers.flatMap(wordsOf)[0] ?? null, sources };
    },
  };
}

const TASK = 'Search the web, and answer in at most 200 words. Name only what the sources say.';

/** A chat endpoint that searches by itself, and cites. */
export function modelSearch(options: ModelOptions): SearchProvider {
  const client = modelClient(options);
  return {
    name: 'model',
    async search({ query, limit, signal }) {
      const answer = await ask(client, options.name, query, signal);
      const { content = null, annotations = [] } = answer.choices[0]?.message ?? {};
      const cited = annotations.map(({ url_citation: { title, url } }) => ({
        title,
        url,
        snippet: null,
      }));
      const sources = [...new Map(cited.map((source) => [source.url, source])).values()];
      return { answer: content, sources: sources.slice(0, limit) };
    },
  };
}

async function ask(client: OpenAI, model: string, query: string, signal: AbortSignal) {
  try {
    return await client.chat.completions.create(
      {
        model,
        messages: [
          { role: 'system', content: TASK },
          { role: 'user', content: query },
        ],
        web_search_options: {},
      },
      { signal },
    );
  } catch (error) {
    signal.throwIfAborted();
    throw modelError(error);
  }
}

interface SearxngAnswer {
  readonly answers: readonly unknown[];
  readonly results: readonly unknown[];
}

function parsed(text: string): SearxngAnswer {
  try {
    const { answers, results } = JSON.parse(text) as Partial<Record<string, unknown>>;
    if (Array.isArray(results)) return { answers: Array.isArray(answers) ? answers : [], results };
  } catch {
    // Said below: it is a page, not the API.
  }
  throw new HoldfastError(
    'response-not-ok',
    'the search did not answer with JSON: is the format on?',
  );
}

function sourceOf(result: unknown): Source[] {
  const { url, title, content } = (result ?? {}) as Partial<Record<string, unknown>>;
  if (typeof url !== 'string' || !/^https?:/.test(url)) return [];
  const snippet = typeof content === 'string' && content !== '' ? content : null;
  return [{ title: typeof title === 'string' && title !== '' ? title : url, url, snippet }];
}

/** Older releases give words, newer ones objects. */
function wordsOf(answer: unknown): string[] {
  const words =
    typeof answer === 'string' ? answer : (answer as { answer?: unknown } | null)?.answer;
  return typeof words === 'string' && words !== '' ? [words] : [];
}

function refused(status: number, text: string): HoldfastError {
  return new HoldfastError('response-not-ok', `the search answered ${status}`, {
    retryable: status >= 500 || status === 429,
    details: { status, body: text.slice(0, 500).toWellFormed() },
  });
}
