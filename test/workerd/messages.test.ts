import { createExecutionContext, env, waitOnExecutionContext } from 'cloudflare:test';
import { expect, test } from 'vitest';
import worker from '../../functions/worker.js';

type WorkerEnv = Parameters<typeof worker.fetch>[1];

const settings = env as unknown as WorkerEnv &
  Readonly<Record<'HOLDFAST_API_KEY' | 'TELEGRAM_API_ROOT' | 'TELEGRAM_WEBHOOK_SECRET', string>>;

const update = {
  update_id: 1,
  message: {
    message_id: 1,
    date: Math.floor(Date.now() / 1_000),
    chat: { id: 42, type: 'private', first_name: 'Ada' },
    from: { id: 42, is_bot: false, first_name: 'Ada' },
    text: '/promise echo from the edge',
  },
};

async function tell(): Promise<unknown> {
  const invocation = createExecutionContext();
  const request = new Request('https://holdfast.test/telegram/webhook', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-Telegram-Bot-Api-Secret-Token': settings.TELEGRAM_WEBHOOK_SECRET,
    },
    body: JSON.stringify(update),
  });
  const response = await worker.fetch(request, settings, invocation);
  expect(response.status).toBe(200);
  await waitOnExecutionContext(invocation);
  return response.json();
}

test('an update makes a promise and the chat is told of its result, behind the answer', async () => {
  expect(await tell()).toMatchObject({ deduplicated: false });
  expect(await tell()).toMatchObject({ deduplicated: true });
  // The database is shared: another invocation may have taken the message, and send it a little later.
  const sent = async () => (await fetch(`${settings.TELEGRAM_API_ROOT}/sent`)).json();
  await expect.poll(sent, { timeout: 20_000 }).toEqual([
    { chat: '42', id: 100, text: expect.stringMatching(/^Promise made: echo\n/) },
    {
      chat: '42',
      id: 101,
      text: expect.stringMatching(/^✓ echo is done in [\s\S]*from the edge$/),
    },
  ]);
});
