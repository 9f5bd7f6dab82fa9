import type { SqlClock } from '../../db/index.js';
import { startOperation } from '../advance.js';
import { enqueueOperation, mayWait, prepareEnqueue } from '../enqueue.js';
import { inParts, type Operation } from '../operation.js';
import { localName } from '../scope.js';
import type { Firing } from './plan.js';
import type { Schedule } from './schedule.js';

/** Makes the promises of slots, as part of a write that takes the slots. */
export function makePromises(
  slots: readonly { readonly schedule: Schedule; readonly firing: Firing }[],
  clock: SqlClock,
): Operation<void> {
  // A slot is taken once: its promise needs no key to be made once.
  const prepared = slots.map(({ schedule, firing }) =>
    prepareEnqueue(promiseOf(schedule, firing), null),
  );
  const waiting = prepared.filter(({ input }) => mayWait(input)).map(({ input }) => input.id);
  const parts: Operation<unknown>[] = [
    ...(prepared.length > 0 ? [enqueueOperation(prepared, clock)] : []),
    ...(waiting.length > 0 ? [startOperation(waiting, clock)] : []),
  ];
  return inParts(parts, () => undefined);
}

/** The promise of a slot. It carries the schedule and the slot in its metadata. */
function promiseOf({ name, promise }: Schedule, { slotAt, runAt, promiseId, after }: Firing) {
  const { delay: _, ...template } = promise;
  // A run that failed does not keep the next one from running.
  const chained = after === null ? {} : { dependsOn: [after], onParentFailure: 'run' as const };
  return {
    ...template,
    ...chained,
    id: promiseId,
    runAt,
    metadata: {
      ...template.metadata,
      schedule: localName(name),
      slot: new Date(slotAt).toISOString(),
    },
  };
}
