import { assertStorable, finite } from '../assert-argument.js';
import type { SqlValue } from '../statement.js';
import type { BoundValue } from './connection.js';

const NONE: BoundValue[] = [];

/**
 * Arguments as the binding takes them. It binds every JavaScript number as REAL,
 * so whole numbers go as bigints, which it binds as INTEGER: what is stored is
 * then the same on every topology.
 * @throws HoldfastError `input-invalid` for a string that libSQL cannot keep (F13), or a number it has no value for
 */
export function bindLocal(args: readonly SqlValue[] | undefined): BoundValue[] {
  if (args === undefined || args.length === 0) return NONE;
  const bound: BoundValue[] = new Array(args.length);
  for (let at = 0; at < args.length; at += 1) bound[at] = bindOne(args[at] ?? null, at);
  return bound;
}

function bindOne(value: SqlValue, at: number): BoundValue {
  if (typeof value === 'string') {
    assertStorable(value, at);
    return value;
  }
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? BigInt(value) : finite(value, at);
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value;
}
