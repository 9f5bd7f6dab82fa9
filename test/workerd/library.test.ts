import { env } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createHoldfast, defineTask } from '../../src/index.js';

const settings = env as unknown as Readonly<Record<string, unknown>>;

test('a service opened for one request makes promises by task, and keeps them in a round', async () => {
  const greet = defineTask({
    type: 'greet',
    input: z.strictObject({ name: z.string() }),
    run: ({ name }) => `Hello, ${name}`,
  });
  const holdfast = createHoldfast({ tasks: [greet] });
  const service = await holdfast.open(settings);
  const { promise } = await service.enqueue(greet, { name: 'Ada' });
  // Nothing of one request may be used by another.
  const refused = { code: 'service-not-open' };
  await expect(greet.enqueue({ name: 'Bob' })).rejects.toMatchObject(refused);
  await expect(holdfast.enqueue(greet, { name: 'Bob' })).rejects.toMatchObject(refused);
  await service.tick();
  expect(await service.get(promise.id)).toMatchObject({ result: 'Hello, Ada' });
  const kept = await service.enqueue(greet, { name: 'Cy' }, { inline: true });
  expect(kept.promise).toMatchObject({ status: 'completed', result: 'Hello, Cy' });
  await service.close();
});
