import type { Json } from '../../core/index.js';
import type { RunError } from '../../records/index.js';
import type { TaskEnd } from './maintenance-task.js';
import { runErrorOf } from './run-error.js';

/** A named part of a run; resolves with its counts. */
export interface Part {
  readonly name: string;
  readonly run: () => Promise<Json>;
}

/**
 * Runs parts one after the other. One that fails does not stop the others; the
 * run has then failed, with the counts of those that did not. One that is not `done`
 * goes on in the next run.
 */
export async function runParts(parts: readonly Part[]): Promise<TaskEnd> {
  const counts: Record<string, Json> = {};
  const errors: RunError[] = [];
  for (const { name, run } of parts) {
    try {
      counts[name] = await run();
    } catch (thrown) {
      const { code, message } = runErrorOf(thrown);
      counts[name] = { error: { code, message } };
      errors.push({ code, message: `${name}: ${message}` });
    }
  }
  const [error] = errors;
  return error === undefined
    ? { outcome: 'completed', counts, goesOn: Object.values(counts).some(isUndone) }
    : { outcome: 'failed', counts, error };
}

function isUndone(count: Json): boolean {
  return typeof count === 'object' && count !== null && 'done' in count && count.done === false;
}
