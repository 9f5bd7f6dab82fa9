import { z } from 'zod';
import { systemClock } from '../../src/core/index.js';
import { LIMITS, newPromise } from '../../src/promises/index.js';
import { checkChildren } from '../../src/tasks/index.js';
import { type Principal, requireScope } from './access.js';
import type { CallServices } from './call-services.js';

/** What a run makes with its completion. */
export const children = z
  .array(newPromise.safeExtend({ id: z.uuidv7() }))
  .max(LIMITS.setSizeMax)
  .describe(
    'promises that the run makes, with ids of their own: with its completion or not at all',
  );

export type Children = z.output<typeof children>;

/** @throws HoldfastError `forbidden`, or why what a run makes cannot be made */
export function admitChildren(
  made: Children,
  { intake }: CallServices,
  principal: Principal,
): void {
  requireScope(principal, 'produce');
  checkChildren(intake, made);
}

/** What was made, and about when that is due. */
export function dueOf(made: Children) {
  return made.map(({ type, delay = 0, runAt = systemClock.now() + delay }) => ({ type, runAt }));
}
