import { type Log, silentLog } from '../src/core/index.js';

/** What is said of runs that others have cancelled, or taken over: no trouble. */
const TAKEN_OVER = new Set(['lease-lost', 'settlement-refused', 'recovered']);

type Fields = Parameters<Log['warn']>[1];

/** Hears what an engine would tell of trouble, and apart from it of runs that were taken over. */
export function troubleLog(
  trouble: (code: string, fields: Fields) => void,
  takenOver: (code: string) => void = () => {},
): Log {
  return {
    ...silentLog,
    warn: (code, fields) => (TAKEN_OVER.has(code) ? takenOver(code) : trouble(code, fields)),
    error: trouble,
  };
}
