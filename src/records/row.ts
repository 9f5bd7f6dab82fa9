import type { Row } from '../db/index.js';

export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`column ${column} holds no text`);
  return value;
}

export function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new TypeError(`column ${column} holds no number`);
  return value;
}

/** Null for SQL's NULL. */
export function numberOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : numberOf(row, column);
}

/** Null for SQL's NULL. */
export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : textOf(row, column);
}

/** JSON kept as text; null for SQL's NULL. */
export function jsonOf<T>(row: Row, column: string): T {
  const value = textOrNull(row, column);
  return (value === null ? null : JSON.parse(value)) as T;
}
