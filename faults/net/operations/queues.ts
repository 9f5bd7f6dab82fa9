import { newId } from '../../../src/core/index.js';
import { type Operations, reads, writes } from './operation.js';
import { make } from './prepared.js';

const newName = async () => newId();

/** Of `Queues`. */
export const QUEUE_OPERATIONS: Operations = {
  get: reads(newName, ({ store }, name) => store.queues.get(name)),
  names: reads(make, ({ store }) => store.queues.names({ after: null, limit: 10 })),
  set: writes(
    newName,
    ({ store }, name) => store.queues.set(name, { concurrency: 100 }),
    async ({ aside }, name) => (await aside.store.queues.get(name)).concurrency === 100,
  ),
  pauseType: writes(
    newName,
    ({ store }, type) => store.queues.pauseType(type, true),
    async ({ aside }, type) => (await aside.store.queues.pausedTypes()).includes(type),
  ),
  pausedTypes: reads(
    async ({ aside }) => aside.store.queues.pauseType(newId(), true),
    ({ store }) => store.queues.pausedTypes(),
  ),
};
