import { expect, test } from 'vitest';
import { openService } from './fixture.js';

test('a promise whose worker was lost has a report', async () => {
  const { ask, services } = await openService();
  const { body: made } = await ask('POST', '/v1/promises', { body: { type: 'of-others' } });
  const claim = { worker: 'w-1', lease: '1s' };
  await ask('POST', '/v1/queues/default/claim', { body: claim });
  await services.queue.write([{ sql: 'UPDATE promises SET lease_expires_at = 1' }]);
  await ask('POST', '/v1/maintenance/recovery');
  const { body } = await ask('GET', '/v1/maintenance/recoveries');
  expect(body).toMatchObject({
    data: [
      {
        promise: made.id,
        type: 'of-others',
        reason: 'claim-silent',
        worker: 'w-1',
        lastHeartbeatAt: null,
        decision: 'run-again',
      },
    ],
    nextCursor: null,
  });
  expect((await ask('GET', `/v1/maintenance/recoveries?promise=${made.id}`)).body).toEqual(body);
  expect((await ask('GET', '/v1/maintenance/recoveries?promise=x')).body.data).toEqual([]);
  expect((await ask('GET', '/v1/maintenance/recoveries?cursor=x')).status).toBe(422);
});
