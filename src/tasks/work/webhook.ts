import { type Clock, HoldfastError, type Json, systemClock } from '../../core/index.js';
import { type Outbound, signatureHeaders } from '../../outbound/index.js';
import { defineTask } from '../task.js';
import type { TaskContext } from '../task-context.js';
import { type WebhookInput, webhookInput } from './webhook-input.js';
import { webhookRefusal } from './webhook-refusal.js';
import { type WebhookResult, webhookResult } from './webhook-result.js';

/**
 * Calls a URL; kept when it answers 2xx. What it sends and returns: docs/tasks/webhook.md.
 * @param secrets sign its calls, the newest first; none are signed without
 */
export function webhookTask(
  outbound: Outbound,
  clock: Clock = systemClock,
  secrets: readonly string[] = [],
) {
  return defineTask({
    type: 'webhook',
    input: webhookInput,
    admit({ url }) {
      const reason = outbound.refuse(url);
      if (reason === undefined) return;
      throw new HoldfastError('address-refused', `payload.url may not be called: ${reason}`);
    },
    async run(input, context): Promise<WebhookResult> {
      const body = input.body === undefined ? '' : requestBody(input.body);
      const signed = { id: context.idempotencyKey, at: clock.now(), body };
      const response = await outbound.fetch(input.url, {
        method: input.method ?? 'POST',
        headers: { ...requestHeaders(input, context), ...signatureHeaders(signed, secrets) },
        ...(input.body !== undefined && { body }),
        signal: context.signal,
        responseBytesMax: RESPONSE_BYTES_MAX,
      });
      if (response.status >= 200 && response.status < 300) return webhookResult(response);
      throw webhookRefusal(response, clock);
    },
  });
}

const RESPONSE_BYTES_MAX = 262_144;

function requestBody(body: Json): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function requestHeaders({ headers, body }: WebhookInput, context: TaskContext) {
  const own = new Map([['user-agent', 'holdfast']]);
  if (body !== undefined) {
    own.set(
      'content-type',
      typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
    );
  }
  for (const [name, value] of Object.entries(headers ?? {})) own.set(name.toLowerCase(), value);
  own.set('idempotency-key', context.idempotencyKey);
  own.set('holdfast-promise-id', context.id);
  own.set('holdfast-attempt', String(context.attempt));
  return Object.fromEntries(own);
}
