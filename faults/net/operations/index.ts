import type { Operations } from './operation.js';
import { PROMISE_OPERATIONS } from './promises.js';
import { QUEUE_OPERATIONS } from './queues.js';
import { SCHEDULE_OPERATIONS } from './schedules.js';

export type { Attempt } from './operation.js';
export { EARLIER_MS, type Engine, type Subject } from './subject.js';
export { PROMISE_OPERATIONS, QUEUE_OPERATIONS, SCHEDULE_OPERATIONS };

/** Every operation of the engine, such as `promises.enqueue, many`. */
export const OPERATIONS: Operations = {
  ...named('promises', PROMISE_OPERATIONS),
  ...named('queues', QUEUE_OPERATIONS),
  ...named('schedules', SCHEDULE_OPERATIONS),
};

function named(noun: string, operations: Operations): Operations {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [`${noun}.${name}`, operation]),
  );
}
