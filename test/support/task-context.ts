import { silentLog } from '../../src/core/index.js';
import { continueWith, type TaskContext } from '../../src/tasks/index.js';

/** The context of a first attempt, for calling a task without a worker. */
export function taskContext(over: Partial<TaskContext> = {}): TaskContext {
  return {
    id: '0190f5fe-7c00-7a00-8000-000000000001',
    type: 'test',
    queue: 'default',
    attempt: 1,
    maxAttempts: 3,
    idempotencyKey: '0190f5fe-7c00-7a00-8000-000000000001.0',
    state: null,
    metadata: null,
    signal: new AbortController().signal,
    log: silentLog,
    progress: () => {},
    parents: async () => [],
    enqueue: () => '0190f5fe-7c00-7a00-8000-000000000002',
    continueWith,
    ...over,
  };
}
