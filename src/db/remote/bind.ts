import { assertStorable, finite } from '../assert-argument.js';
import type { SqlValue } from '../statement.js';

/**
 * Arguments as the HTTP client takes them. It sends every JavaScript number as a
 * float, so whole numbers go as bigints, which it sends as integers.
 * @throws HoldfastError `input-invalid` for a string that libSQL cannot keep (F13), or a number it has no value for
 */
export function bindRemote(args: readonly SqlValue[] | undefined): (SqlValue | ArrayBuffer)[] {
  return (args ?? []).map((value, at) => {
    if (typeof value === 'string') assertStorable(value, at);
    if (typeof value !== 'number') return value;
    return Number.isSafeInteger(value) ? BigInt(value) : finite(value, at);
  });
}
