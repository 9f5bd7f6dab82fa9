import { type Clock, HoldfastError } from '../../core/index.js';
import type { MaintenanceTask, TaskEnd } from './maintenance-task.js';
import { runErrorOf } from './run-error.js';

/** A task that has not stopped this long after it was told to is given up. */
const STOP_MS = 5_000;

/**
 * Runs a task for at most `limitMs`, then tells it to stop, and gives it up when it
 * does not. Never rejects: whatever happens is how the run ended.
 */
export async function runLimited(
  task: MaintenanceTask,
  runId: string,
  options: { readonly clock: Clock; readonly limitMs: number; readonly signal?: AbortSignal },
): Promise<TaskEnd> {
  const { clock, limitMs, signal } = options;
  const limit = new AbortController();
  const ended = new AbortController();
  const stop = AbortSignal.any(signal === undefined ? [limit.signal] : [limit.signal, signal]);
  try {
    return await Promise.race([
      task.run({ runId, signal: stop }),
      givenUp(task, limit, ended.signal, { clock, limitMs }),
    ]);
  } catch (error) {
    return { outcome: 'failed', counts: {}, error: runErrorOf(error) };
  } finally {
    ended.abort();
  }
}

async function givenUp(
  task: MaintenanceTask,
  limit: AbortController,
  ended: AbortSignal,
  options: { readonly clock: Clock; readonly limitMs: number },
): Promise<never> {
  const { clock, limitMs } = options;
  await clock.sleep(limitMs, ended);
  limit.abort();
  await clock.sleep(STOP_MS, ended);
  throw new HoldfastError('attempt-timeout', `${task.name}: still running after ${limitMs} ms`);
}
