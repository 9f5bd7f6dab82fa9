import { HoldfastError } from '../core/index.js';
import type { Attempt } from './attempt.js';
import { type HandlerItem, type HandlerTask, inputOf } from './handler.js';

/** Calls the handler of an attempt. Never throws. */
export async function runOne(attempt: Attempt, task: HandlerTask): Promise<void> {
  try {
    attempt.succeed(await task.run(inputOf(task, attempt.claim.payload), attempt.context()));
  } catch (error) {
    attempt.fail(error);
  }
}

/** Calls a batch handler once for all of them. An input that it refuses fails alone. Never throws. */
export async function runBatch(held: readonly Attempt[], task: HandlerTask): Promise<void> {
  const items = held.flatMap((attempt) => itemOf(attempt, task) ?? []);
  const attempts = held.filter((attempt) => !attempt.isEnded);
  if (attempts.length === 0) return;
  try {
    endItems(attempts, await task.run(items, undefined));
  } catch (error) {
    for (const attempt of attempts) attempt.fail(error);
  }
}

function itemOf(attempt: Attempt, task: HandlerTask): HandlerItem | undefined {
  try {
    return { ...attempt.context(), input: inputOf(task, attempt.claim.payload) };
  } catch (error) {
    attempt.fail(error);
    return undefined;
  }
}

/** @throws HoldfastError `run-failed` when there is not one outcome an item */
function endItems(attempts: readonly Attempt[], outcomes: unknown): void {
  if (!Array.isArray(outcomes) || outcomes.length !== attempts.length) {
    const received = Array.isArray(outcomes) ? `${outcomes.length}` : 'no list';
    throw new HoldfastError(
      'run-failed',
      `a batch handler must return one outcome an item: ${attempts.length} (received ${received})`,
    );
  }
  for (const [index, attempt] of attempts.entries()) {
    const outcome: unknown = outcomes[index];
    if (outcome instanceof Error) attempt.fail(outcome);
    else attempt.succeed(outcome);
  }
}
