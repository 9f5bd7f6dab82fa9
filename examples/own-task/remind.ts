import { cancel, defineTask, snooze } from 'holdfast';
import { z } from 'zod';

/**
 * What a task may return beside a result: `snooze(ms)` to be run again later,
 * which burns no attempt, and `cancel(reason)` to give the promise up. A throw is
 * a failed attempt, tried again by the promise's backoff.
 */
export const remind = defineTask({
  type: 'remind',
  input: z.strictObject({ url: z.url(), until: z.iso.datetime() }),
  run: async ({ url, until }, { signal, idempotencyKey }) => {
    if (Date.now() > Date.parse(until)) return cancel('too late to remind anybody');
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Idempotency-Key': idempotencyKey },
      signal,
    });
    if (response.status === 429) return snooze(60_000);
    if (!response.ok) throw new Error(`the reminder was answered with ${response.status}`);
    return { remindedWith: response.status };
  },
});
