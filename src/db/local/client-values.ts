import type { InArgs, IntMode, InValue, ResultSet, Row, Value } from '@libsql/core/api';
import { ResultSetImpl } from '@libsql/core/util';
import type { NormalStatement } from '../drop-in/statement-forms.js';
import type { BoundArgs, BoundValue, Connection, RawResult } from './connection.js';

// The conversions of `@libsql/client`'s own file client, value for value and error for error.

/** Runs one statement and gives the result in their shape. */
export function runForClient(
  connection: Connection,
  { sql, args }: NormalStatement,
  intMode: IntMode,
): ResultSet {
  return toResultSet(connection.run(sql, toArgs(args, intMode), 'bigint'), intMode);
}

export function toResultSet(raw: RawResult, intMode: IntMode): ResultSet {
  if (!raw.returnsRows) {
    const lastInsertRowid = BigInt(raw.lastInsertRowid ?? 0);
    return new ResultSetImpl([], [], [], raw.rowsAffected, lastInsertRowid);
  }
  const columns = [...raw.columns];
  const rows = raw.rows.map((values) => toRow(values, columns, intMode));
  return new ResultSetImpl(columns, [...raw.columnTypes], rows, 0, undefined);
}

/** Values by position are there, but hidden; of two columns with one name the first is seen. */
function toRow(values: readonly unknown[], columns: readonly string[], intMode: IntMode): Row {
  const row = {};
  Object.defineProperty(row, 'length', { value: values.length });
  for (let at = 0; at < values.length; at += 1) {
    const value = toValue(values[at], intMode);
    Object.defineProperty(row, at, { value });
    const column = columns[at] ?? '';
    if (Object.hasOwn(row, column)) continue;
    Object.defineProperty(row, column, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return row as Row;
}

function toValue(value: unknown, intMode: IntMode): Value {
  if (typeof value === 'bigint') return toInteger(value, intMode);
  if (value instanceof Uint8Array) return value.buffer as ArrayBuffer;
  return value as Value;
}

const SAFE_MAX = 9007199254740991n;

function toInteger(value: bigint, intMode: IntMode): Value {
  if (intMode === 'bigint') return value;
  if (intMode === 'string') return `${value}`;
  if (value < -SAFE_MAX || value > SAFE_MAX) {
    throw new RangeError(
      'Received integer which cannot be safely represented as a JavaScript number',
    );
  }
  return Number(value);
}

export function toArgs(args: InArgs | undefined, intMode: IntMode): BoundArgs {
  if (args === undefined) return [];
  if (Array.isArray(args)) return args.map((value) => toBound(value, intMode));
  const named: Record<string, BoundValue> = {};
  for (const [name, value] of Object.entries(args)) {
    const bare = /^[@$:]/.test(name) ? name.slice(1) : name;
    named[bare] = toBound(value, intMode);
  }
  return named;
}

const INTEGER_MIN = -9223372036854775808n;
const INTEGER_MAX = 9223372036854775807n;

function toBound(value: InValue, intMode: IntMode): BoundValue {
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
    throw new RangeError('Only finite numbers (not Infinity or NaN) can be passed as arguments');
  }
  if (typeof value === 'bigint') {
    if (value >= INTEGER_MIN && value <= INTEGER_MAX) return value;
    throw new RangeError(
      'bigint is too large to be represented as a 64-bit integer and passed as argument',
    );
  }
  if (typeof value === 'boolean') return toBoundBoolean(value, intMode);
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (value instanceof Date) return value.valueOf();
  if (value === undefined) {
    throw new TypeError('undefined cannot be passed as argument to the database');
  }
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  return value;
}

function toBoundBoolean(value: boolean, intMode: IntMode): BoundValue {
  if (intMode === 'bigint') return value ? 1n : 0n;
  if (intMode === 'string') return value ? '1' : '0';
  return value ? 1 : 0;
}
