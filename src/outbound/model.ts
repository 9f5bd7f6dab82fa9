import OpenAI from 'openai';
import { HoldfastError, messageOf } from '../core/index.js';

export interface ModelOptions {
  /** Of an OpenAI-compatible endpoint, up to and with its version: `https://api.openai.com/v1`. */
  readonly url: string;
  /** Default none: some that run on one's own machine take none. */
  readonly apiKey?: string | undefined;
  readonly name: string;
}

export interface ModelAsk {
  /** What it is to do. */
  readonly task: string;
  /** What it is to do it with. */
  readonly text: string;
  readonly signal: AbortSignal;
  /** Called with all that has come so far. */
  readonly onText?: (text: string) => void;
}

/** Tokens, as the endpoint counts them; null when it does not. */
export type TokenUse = { readonly input: number; readonly output: number };

export interface ModelAnswer {
  readonly text: string;
  readonly tokens: TokenUse | null;
  /** True when the answer was cut at the longest one that the endpoint gives. */
  readonly isCut: boolean;
}

/** A language model behind an OpenAI-compatible endpoint. Holds no connection. */
export interface Model {
  readonly name: string;
  /**
   * Asks, and reads the answer as it comes.
   * @throws HoldfastError `response-not-ok` (retryable when it may be answered later),
   *   `target-unreachable` (retryable) when the answer did not come whole; the reason of
   *   `signal` when that aborts
   */
  ask(question: ModelAsk): Promise<ModelAnswer>;
}

/** How long the first byte may take; the rest is bounded by the caller's signal. */
const FIRST_BYTE_MS = 120_000;

/** Everything is given: nothing is read from the environment, and nothing tried again behind our back. */
export function modelClient({ url, apiKey = 'none' }: ModelOptions): OpenAI {
  return new OpenAI({
    baseURL: url,
    apiKey,
    maxRetries: 0,
    timeout: FIRST_BYTE_MS,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: 'off',
  });
}

export function createModel(options: ModelOptions): Model {
  const { name } = options;
  const client = modelClient(options);
  return {
    name,
    async ask({ task, text, signal, onText }) {
      try {
        const stream = await client.chat.completions.create(
          {
            model: name,
            messages: [
              { role: 'system', content: task },
              { role: 'user', content: text },
            ],
            stream: true,
            stream_options: { include_usage: true },
          },
          { signal },
        );
        return await readAnswer(stream, onText);
      } catch (error) {
        signal.throwIfAborted();
        throw modelError(error);
      }
    },
  };
}

type Chunks = AsyncIterable<OpenAI.Chat.Completions.ChatCompletionChunk>;

async function readAnswer(stream: Chunks, onText: ModelAsk['onText']): Promise<ModelAnswer> {
  let text = '';
  let tokens: TokenUse | null = null;
  let end: string | null = null;
  for await (const { choices, usage } of stream) {
    const [choice] = choices;
    if (usage) tokens = { input: usage.prompt_tokens, output: usage.completion_tokens };
    end = choice?.finish_reason ?? end;
    const part = choice?.delta.content ?? '';
    if (part === '') continue;
    text += part;
    onText?.(text);
  }
  // A stream that breaks off may end like one that is done.
  if (end === null) throw new Error('the answer broke off');
  return { text, tokens, isCut: end === 'length' };
}

/** What a failed call of an OpenAI-compatible endpoint means. */
export function modelError(error: unknown): HoldfastError {
  if (error instanceof OpenAI.APIError && typeof error.status === 'number') {
    const { status } = error;
    const seconds = Number(error.headers?.get('retry-after') ?? Number.NaN);
    const retryable = status >= 500 || status === 408 || status === 409 || status === 429;
    const pause = retryable && seconds >= 0 ? { retryAfterMs: seconds * 1_000 } : {};
    return new HoldfastError('response-not-ok', `the model's endpoint answered ${status}`, {
      retryable,
      details: { status, body: messageOf(error).slice(0, 1_000), ...pause },
    });
  }
  return new HoldfastError('target-unreachable', `the model did not answer: ${messageOf(error)}`, {
    cause: error,
    retryable: true,
  });
}
