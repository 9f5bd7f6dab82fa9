import { systemClock } from './clock.js';
import { HoldfastError, messageOf } from './errors.js';
import type { LogCodeOf } from './log-codes.js';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];

type Fields = Readonly<Record<string, unknown>>;

/** One JSON line a record, with a stable `code`: one of `LOG_CODES`, each at its own level. */
export type Log = {
  readonly [L in LogLevel]: (code: LogCodeOf<L>, fields?: Fields) => void;
};

/** The same for tasks, whose codes are their own. */
export type TaskLog = Readonly<Record<LogLevel, (code: string, fields?: Fields) => void>>;

/** A log that writes lines at or above `level` to `sink`. */
export function createLog(level: LogLevel, sink: (line: string) => void): TaskLog {
  const least = LEVELS.indexOf(level);
  const at = (name: LogLevel): TaskLog[LogLevel] => {
    if (LEVELS.indexOf(name) < least) return () => {};
    return (code, fields = {}) => {
      const at = new Date(systemClock.now()).toISOString();
      sink(JSON.stringify({ at, level: name, code, ...fields }, replaceError));
    };
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A log takes any code while it runs; it is our own code that the types hold to the list. */
export function logForTasks(log: Log): TaskLog {
  return log as TaskLog;
}

export const silentLog: TaskLog = createLog('error', () => {});

function replaceError(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const code = value instanceof HoldfastError ? { code: value.code } : {};
  const cause = value.cause === undefined ? {} : { cause: messageOf(value.cause) };
  return { name: value.name, message: value.message, ...code, ...cause };
}
