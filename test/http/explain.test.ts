import { expect, test } from 'vitest';
import { openService } from './fixture.js';

test('a promise is explained: what holds it back, or who must take it', async () => {
  const { ask, keep } = await openService();
  const make = async (body: object) => (await ask('POST', '/v1/promises', { body })).body.id;
  const codes = async (id: string) => {
    const { body } = await ask('GET', `/v1/promises/${id}/explain`);
    return body.reasons.map((reason: { code: string }) => reason.code);
  };
  const later = await make({ type: 'echo', delay: '1h' });
  const foreign = await make({ type: 'of-others' });
  const own = await make({ type: 'echo' });
  expect(await codes(later)).toEqual(['not-due']);
  expect(await codes(foreign)).toEqual(['no-worker']);
  expect(await codes(own)).toEqual(['ready']);
  await keep();
  expect(await codes(own)).toEqual(['settled']);
  const { body } = await ask('GET', `/v1/promises/${later}/explain`);
  expect(body).toMatchObject({ id: later, status: 'pending', lastClaimedAt: expect.any(String) });
  expect(Date.parse(body.reasons[0].until)).toBeGreaterThan(Date.now());
  expect((await ask('GET', '/v1/promises/nothing/explain')).status).toBe(404);
});
