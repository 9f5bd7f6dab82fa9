import { HoldfastError, messageOf } from '../../core/index.js';
import type { RunError } from '../../records/index.js';

/** What a run's record says of an error. */
export function runErrorOf(error: unknown): RunError {
  const code = error instanceof HoldfastError ? error.code : 'internal';
  return { code, message: messageOf(error) };
}
