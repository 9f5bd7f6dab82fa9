export { type AbortReason, AttemptAborted } from './attempt.js';
export {
  EXECUTOR_DEFAULTS,
  Executor,
  type ExecutorOptions,
  type ExecutorReport,
} from './executor.js';
export { Intake } from './intake.js';
export { TaskRegistry } from './registry.js';
export {
  cancel,
  defineTask,
  isVerdict,
  snooze,
  type Task,
  type TaskContext,
  type Verdict,
} from './task.js';
export { TICK_BUDGETS, type TickBudget, type TickParts, type TickReport, tick } from './tick.js';
