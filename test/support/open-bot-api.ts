import { openTarget } from '../outbound/open-target.js';

/**
 * What a call of the Bot API does: `hang` never answers, `mute` carries it out and never
 * answers, `lose` carries it out and cuts the line.
 */
export type BotBehaviour =
  | 'ok'
  | 'hang'
  | 'lose'
  | 'mute'
  | { readonly status: number; readonly retryAfter?: number };

export interface SentMessage {
  readonly chat: string;
  text: string;
  readonly id: number;
}

export interface BotApi {
  readonly root: string;
  /** Every message that is in a chat, in the order they came, as they read now. */
  readonly sent: readonly SentMessage[];
  readonly edits: readonly string[];
  /** The methods called, also those that were refused. */
  readonly calls: readonly string[];
  /** What the next messages do, one each; then `ok`. */
  readonly next: BotBehaviour[];
  readonly server: Awaited<ReturnType<typeof openTarget>>;
}

const BOT_TOKEN = '7001:AAE-token_of_a_test';
export const BOT_SECRET = 'secret-of-the-webhook';

/**
 * A server that speaks the Bot API, as far as a bot that sends and edits needs it. `GET /sent`
 * lists what is in its chats. Whoever opens it closes its server.
 */
export async function openBotApi(): Promise<BotApi> {
  const sent: SentMessage[] = [];
  const edits: string[] = [];
  const calls: string[] = [];
  const next: BotBehaviour[] = [];
  const server = await openTarget((response, { path, body }) => {
    if (path === '/sent') {
      response.end(JSON.stringify(sent));
      return;
    }
    const method = path.split('/').at(-1) ?? '';
    calls.push(method);
    const answer = (status: number, fields: object) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(fields));
    };
    if (!path.startsWith(`/bot${BOT_TOKEN}/`)) {
      answer(401, { ok: false, error_code: 401, description: 'Unauthorized' });
      return;
    }
    const behaviour = (method === 'sendMessage' ? next.shift() : undefined) ?? 'ok';
    if (behaviour === 'hang') return;
    if (typeof behaviour === 'object') {
      const { status, retryAfter } = behaviour;
      const parameters = retryAfter === undefined ? {} : { retry_after: retryAfter };
      answer(status, { ok: false, error_code: status, description: 'no', parameters });
      return;
    }
    const asked = JSON.parse(body) as { chat_id: string; text: string; message_id?: number };
    const known = sent.find(({ id }) => id === asked.message_id);
    if (known !== undefined) {
      edits.push(asked.text);
      known.text = asked.text;
    } else sent.push({ chat: String(asked.chat_id), text: asked.text, id: sent.length + 100 });
    if (behaviour === 'mute') return;
    if (behaviour === 'lose') {
      response.destroy();
      return;
    }
    const id = known?.id ?? sent.at(-1)?.id;
    const chat = { id: Number(asked.chat_id), type: 'private' };
    answer(200, { ok: true, result: { message_id: id, date: 1, chat, text: asked.text } });
  });
  return { root: server.origin, sent, edits, calls, next, server };
}

/** The settings of a service whose bot this is. */
export function botSettings({ root }: BotApi, chats = '42'): Record<string, string> {
  return {
    TELEGRAM_BOT_TOKEN: BOT_TOKEN,
    TELEGRAM_WEBHOOK_SECRET: BOT_SECRET,
    TELEGRAM_API_ROOT: root,
    TELEGRAM_ALLOWED_CHATS: chats,
  };
}

let lastUpdate = 9_000;

/** An update that brings a message in words, as Telegram sends it. */
export function updateOf(text: string, over: { chat?: number; id?: number; date?: number } = {}) {
  const { chat = 42, date = Math.floor(Date.now() / 1_000) } = over;
  lastUpdate += 1;
  const from = { id: chat, is_bot: false, first_name: 'Ada', username: 'ada' };
  return {
    update_id: over.id ?? lastUpdate,
    message: {
      message_id: lastUpdate,
      date,
      chat: { id: chat, type: 'private', first_name: 'Ada' },
      from,
      text,
    },
  };
}
