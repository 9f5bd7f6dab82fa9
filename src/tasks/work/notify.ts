import {
  type Clock,
  cancel,
  HoldfastError,
  InputInvalidError,
  type Json,
} from '../../core/index.js';
import {
  type Mailer,
  type Outbound,
  signatureHeaders,
  TELEGRAM_TEXT_LENGTH_MAX,
  type Telegram,
} from '../../outbound/index.js';
import { NOTIFY, type Origin, type PromiseRecord, type Sends } from '../../promises/index.js';
import { defineTask } from '../task.js';
import type { TaskContext } from '../task-context.js';
import { type NotifyInput, notifyInput } from './notify-input.js';
import { cutText, settlementText } from './settlement-text.js';
import { webhookRefusal } from './webhook-refusal.js';

export interface NotifyParts {
  readonly outbound: Outbound;
  readonly promises: { get(id: string): Promise<PromiseRecord | undefined> };
  readonly sends: Pick<Sends, 'begin' | 'sent' | 'unknown' | 'unsent'>;
  /** Undefined when there is no bot. */
  readonly telegram: Telegram | undefined;
  /** Undefined when there is no mail API. */
  readonly mailer: Mailer | undefined;
  /** Why nothing may be sent there, as far as it shows. */
  readonly refuse: (to: Origin) => string | undefined;
  /** The URL of a webhook, of what is stored. */
  readonly openUrl: (stored: string) => Promise<string>;
  /** What of a result may be shown. */
  readonly shown: (promise: PromiseRecord) => Json;
  /** Sign webhooks, the newest first. */
  readonly secrets: readonly string[];
  /** Send what may have been sent already once more. */
  readonly resendUnknown: boolean;
  readonly clock: Clock;
}

interface Told {
  readonly text: string;
  readonly subject: string;
  readonly promise: string | null;
}

const LENGTH_MAX = { telegram: TELEGRAM_TEXT_LENGTH_MAX, webhook: 65_536, mail: 100_000 } as const;
const SUBJECT_LENGTH_MAX = 200;
const RESPONSE_BYTES_MAX = 16_384;

/** Tells somebody something. Its channels and what they promise: docs/tasks/notify.md. */
export function notifyTask(parts: NotifyParts) {
  return defineTask({
    type: NOTIFY.type,
    input: notifyInput,
    admit({ to, event }) {
      if (event !== undefined) {
        const rule = 'is given by the service itself: give the promise an origin';
        throw new InputInvalidError([{ path: 'payload.event', rule, received: 'an event' }]);
      }
      refuseTarget(to, parts);
    },
    async run(input, context) {
      const to = await openTarget(input.to, parts);
      refuseTarget(to, parts);
      const told = await toldOf(input, parts, LENGTH_MAX[to.channel]);
      if (told === undefined) return cancel('the promise it tells of is gone');
      switch (to.channel) {
        case 'telegram':
          return { channel: to.channel, ...(await tellChat(to.chat, told, parts, context)) };
        case 'webhook':
          return { channel: to.channel, ...(await tellUrl(to.url, told, parts, context)) };
        case 'mail':
          return { channel: to.channel, ...(await tellByMail(to.to, told, parts, context)) };
      }
    },
  });
}

function refuseTarget(to: Origin, { refuse }: NotifyParts): void {
  const reason = refuse(to);
  if (reason === undefined) return;
  throw new HoldfastError('address-refused', `nothing may be sent there: ${reason}`);
}

async function openTarget(to: Origin, { openUrl }: NotifyParts): Promise<Origin> {
  return to.channel === 'webhook' ? { ...to, url: await openUrl(to.url) } : to;
}

async function toldOf(
  { text, subject, event }: NotifyInput,
  { promises, shown }: NotifyParts,
  lengthMax: number,
): Promise<Told | undefined> {
  if (text !== undefined) return told(text, subject, null, lengthMax);
  const promise = event === undefined ? undefined : await promises.get(event.promise);
  if (promise === undefined) return undefined;
  return told(settlementText(promise, shown(promise)), subject, promise.id, lengthMax);
}

function told(
  text: string,
  subject: string | undefined,
  promise: string | null,
  max: number,
): Told {
  const [first = ''] = text.split('\n');
  return {
    text: cutText(text, max),
    subject: cutText(subject ?? first, SUBJECT_LENGTH_MAX),
    promise,
  };
}

/** Telegram knows no idempotency key: the intent is on disk before the call. */
async function tellChat(chat: string, { text }: Told, parts: NotifyParts, context: TaskContext) {
  const { sends, telegram, resendUnknown } = parts;
  if (telegram === undefined) throw notSet('TELEGRAM_BOT_TOKEN');
  const begun = await sends.begin(context, resendUnknown);
  if (begun.state === 'sent') return { message: begun.receipt };
  if (begun.state === 'unknown') {
    const message = 'it may have been sent before, and nobody can tell; it is not sent again';
    throw new HoldfastError('outcome-unknown', message);
  }
  try {
    const message = await telegram.send(chat, text, context.signal);
    await sends.sent(context, begun.token, message);
    return { message };
  } catch (error) {
    const isUnknown = !(error instanceof HoldfastError) || error.code === 'outcome-unknown';
    await (isUnknown ? sends.unknown(context, begun.token) : sends.unsent(context, begun.token));
    if (isUnknown && resendUnknown) throw retryable(error);
    throw error;
  }
}

/** A signed call like that of a callback; the same key with every attempt. */
async function tellUrl(url: string, told: Told, parts: NotifyParts, context: TaskContext) {
  const body = JSON.stringify(told);
  const signed = { id: context.idempotencyKey, at: parts.clock.now(), body };
  const response = await parts.outbound.fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'holdfast',
      'idempotency-key': context.idempotencyKey,
      ...signatureHeaders(signed, parts.secrets),
    },
    body,
    signal: context.signal,
    responseBytesMax: RESPONSE_BYTES_MAX,
  });
  const { status } = response;
  if (status >= 200 && status < 300) return { status };
  throw webhookRefusal(response, parts.clock);
}

/** Mail APIs know idempotency keys: it may be sent again. */
async function tellByMail(
  to: string,
  { subject, text }: Told,
  parts: NotifyParts,
  context: TaskContext,
) {
  if (parts.mailer === undefined) throw notSet('MAIL_API_KEY');
  const { idempotencyKey, signal } = context;
  return { message: await parts.mailer.send({ to, subject, text }, { idempotencyKey, signal }) };
}

function notSet(setting: string): HoldfastError {
  return new HoldfastError('setting-invalid', `${setting}: must be set to send there`);
}

function retryable(error: unknown): HoldfastError {
  const message = error instanceof Error ? error.message : String(error);
  return new HoldfastError('outcome-unknown', message, { cause: error, retryable: true });
}
