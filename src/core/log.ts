import { systemClock } from './clock.js';
import { HoldfastError, messageOf } from './errors.js';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** One JSON line a record, with a stable `code`. */
export type Log = Record<
  LogLevel,
  (code: string, fields?: Readonly<Record<string, unknown>>) => void
>;

/** A log that writes lines at or above `level` to `sink`. */
export function createLog(level: LogLevel, sink: (line: string) => void): Log {
  const least = LEVELS.indexOf(level);
  const at =
    (name: LogLevel): Log[LogLevel] =>
    (code, fields = {}) => {
      if (LEVELS.indexOf(name) < least) return;
      const at = new Date(systemClock.now()).toISOString();
      sink(JSON.stringify({ at, level: name, code, ...fields }, replaceError));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export const silentLog: Log = createLog('error', () => {});

function replaceError(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const code = value instanceof HoldfastError ? { code: value.code } : {};
  const cause = value.cause === undefined ? {} : { cause: messageOf(value.cause) };
  return { name: value.name, message: value.message, ...code, ...cause };
}
