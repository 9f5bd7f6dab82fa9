import { Api, Context, GrammyError, HttpError } from 'grammy/web';
import { HoldfastError } from '../core/index.js';

/** What the Bot API takes as one message, in UTF-16 units. */
export const TELEGRAM_TEXT_LENGTH_MAX = 4_096;

/** A call is answered within this, or its outcome is not known. */
const CALL_SECONDS = 30;

/** A message in words, as an update brings it. */
export interface TelegramMessage {
  readonly updateId: number;
  readonly chat: string;
  readonly sender: string | null;
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly writtenAt: number;
}

/** One bot. Holds no connection. */
export interface Telegram {
  /**
   * Sends a message; returns its id in the chat.
   * @throws HoldfastError as `failureOf` has it
   */
  send(chat: string, text: string, signal: AbortSignal): Promise<string>;
  /**
   * Gives a message another text; the same text again changes nothing.
   * @throws HoldfastError as `send`
   */
  edit(
    message: { readonly chat: string; readonly id: string },
    text: string,
    signal: AbortSignal,
  ): Promise<void>;
  /** The message in words that an update brings; undefined when it brings none. */
  read(update: object): TelegramMessage | undefined;
}

export interface TelegramOptions {
  readonly token: string;
  /** Default Telegram's own. */
  readonly apiRoot?: string | undefined;
}

/** The grammY client, told what an update of this bot looks like without asking for it. */
export function createTelegram({ token, apiRoot }: TelegramOptions): Telegram {
  const api = new Api(token, {
    timeoutSeconds: CALL_SECONDS,
    ...(apiRoot === undefined ? {} : { apiRoot: apiRoot.replace(/\/+$/, '') }),
  });
  return {
    async send(chat, text, signal) {
      const plain = { link_preview_options: { is_disabled: true } };
      const sent = await called(() => api.sendMessage(chat, text, plain, signalOf(signal)));
      return String(sent.message_id);
    },
    async edit({ chat, id }, text, signal) {
      await called(() => api.editMessageText(chat, Number(id), text, {}, signalOf(signal))).catch(
        (error: unknown) => {
          if (!isUnchanged(error)) throw error;
        },
      );
    },
    read(update) {
      const context = new Context(update as Update, api, selfOf(token));
      const { message } = context;
      const text = message?.text ?? message?.caption;
      if (message === undefined || text === undefined) return undefined;
      return {
        updateId: context.update.update_id,
        chat: String(message.chat.id),
        sender: message.from?.username ?? message.from?.first_name ?? null,
        text,
        writtenAt: message.date * 1_000,
      };
    },
  };
}

/** grammY's types name the signal of a library for old Nodes; its code takes the platform's. */
function signalOf(signal: AbortSignal) {
  return signal as unknown as Parameters<Api['getMe']>[0];
}

type Update = ConstructorParameters<typeof Context>[0];
type Self = ConstructorParameters<typeof Context>[2];

/** What is known without a call: the number before the colon of a token is the bot's own. */
function selfOf(token: string): Self {
  return { id: Number(token.split(':')[0]), is_bot: true, first_name: 'Holdfast' } as Self;
}

async function called<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw failureOf(error);
  }
}

/** Codes of connections that were never made: nothing was sent. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * What a failed call means: `response-not-ok` when it was refused (retryable when it may
 * be taken later), `target-unreachable` (retryable) when it never got there, and
 * `outcome-unknown` when nobody can tell. The token is in none of them.
 */
function failureOf(error: unknown): HoldfastError {
  if (error instanceof GrammyError && error.error_code < 500) {
    const { error_code: status, description, parameters } = error;
    const retryAfterMs = (parameters.retry_after ?? 0) * 1_000;
    return new HoldfastError('response-not-ok', `Telegram answered ${status}: ${description}`, {
      retryable: status === 429,
      details: { status, ...(retryAfterMs > 0 && { retryAfterMs }) },
    });
  }
  const code = error instanceof HttpError ? codeOf(error.error) : undefined;
  if (code !== undefined && NEVER_CONNECTED.has(code)) {
    return new HoldfastError('target-unreachable', `Telegram cannot be reached: ${code}`, {
      retryable: true,
      details: { code },
    });
  }
  const what =
    error instanceof GrammyError ? `it answered ${error.error_code}` : (code ?? 'no answer');
  return new HoldfastError('outcome-unknown', `whether Telegram sent it is not known: ${what}`);
}

/** Of the innermost cause: `fetch` wraps what happened. */
function codeOf(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function isUnchanged(error: unknown): boolean {
  return error instanceof HoldfastError && error.message.includes('message is not modified');
}
