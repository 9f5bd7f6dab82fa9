/** Every maintenance task, the most pressing first: a round without time leaves the last to the next. */
export const TASK_NAMES = [
  'recovery',
  'sync',
  'checkpoint',
  'sweep-messages',
  'health',
  'cleanup',
  'cleanup-messages',
  'analysis',
  'vacuum',
  'backup',
] as const;

export type TaskName = (typeof TASK_NAMES)[number];
