import { z } from 'zod';
import { type Clock, cancel, InputInvalidError, type Json } from '../../core/index.js';
import { type Outbound, signatureHeaders } from '../../outbound/index.js';
import {
  CALLBACK,
  EVENT_KINDS,
  localName,
  type PromiseRecord,
  type Subscriptions,
} from '../../promises/index.js';
import { defineTask } from '../task.js';
import type { TaskContext } from '../task-context.js';
import { webhookRefusal } from './webhook-refusal.js';

/** Made in the write of the event itself, by the schema of the database. */
const input = z.strictObject({
  url: z.string().optional(),
  subscription: z.string().optional(),
  event: z.strictObject({
    id: z.string(),
    kind: z.enum(EVENT_KINDS),
    promise: z.string(),
    queue: z.string(),
    type: z.string(),
    at: z.int(),
  }),
});

type CallbackInput = z.output<typeof input>;

export interface CallbackParts {
  readonly outbound: Outbound;
  readonly promises: { get(id: string): Promise<PromiseRecord | undefined> };
  readonly subscriptions: Pick<Subscriptions, 'target' | 'pause'>;
  /** A callback URL, of what is stored. */
  readonly openUrl: (stored: string) => Promise<string>;
  /** Sign what goes to callback URLs, the newest first; nothing is signed without. */
  readonly secrets: readonly string[];
  /** A promise as the API shows it. */
  readonly view: (promise: PromiseRecord) => Json;
  readonly clock: Clock;
}

interface Target {
  readonly url: string;
  readonly secrets: readonly string[];
}

const RESPONSE_BYTES_MAX = 16_384;
const GONE = 410;

/** Tells a callback URL or a subscription of an event. What it sends: docs/webhooks.md. */
export function callbackTask(parts: CallbackParts) {
  return defineTask({
    type: CALLBACK.type,
    input,
    admit() {
      const rule = 'is made by the service itself: give a promise a callbackUrl, or subscribe';
      throw new InputInvalidError([{ path: 'type', rule, received: `"${CALLBACK.type}"` }]);
    },
    async run(told, context) {
      const target = await targetOf(told, parts);
      if (target === undefined) return cancel('the subscription was deleted or paused');
      const body = JSON.stringify(await messageOf(told, parts));
      const signed = { id: context.id, at: parts.clock.now(), body };
      const response = await parts.outbound.fetch(target.url, {
        method: 'POST',
        headers: { ...headersOf(context), ...signatureHeaders(signed, target.secrets) },
        body,
        signal: context.signal,
        responseBytesMax: RESPONSE_BYTES_MAX,
      });
      const { status } = response;
      if (status >= 200 && status < 300) return { status };
      if (status === GONE && told.subscription !== undefined) {
        await parts.subscriptions.pause(told.subscription, 'its URL answered 410');
      }
      throw webhookRefusal(response, parts.clock);
    },
  });
}

async function targetOf(
  { url, subscription }: CallbackInput,
  { subscriptions, secrets, openUrl }: CallbackParts,
): Promise<Target | undefined> {
  if (url !== undefined) return { url: await openUrl(url), secrets };
  const found = subscription === undefined ? undefined : await subscriptions.target(subscription);
  return found?.paused === null ? found : undefined;
}

/** With the promise as it is now: an event is told later when it could not be told at once. */
async function messageOf({ event }: CallbackInput, { promises, view }: CallbackParts) {
  const promise = await promises.get(event.promise);
  const at = new Date(event.at).toISOString();
  return {
    type: `promise.${event.kind}`,
    timestamp: at,
    data: {
      event: { ...event, queue: localName(event.queue), at },
      promise: promise === undefined ? null : view(promise),
    },
  };
}

function headersOf(context: TaskContext) {
  return {
    'content-type': 'application/json',
    'user-agent': 'holdfast',
    'idempotency-key': context.idempotencyKey,
    'holdfast-promise-id': context.id,
    'holdfast-attempt': String(context.attempt),
  };
}
