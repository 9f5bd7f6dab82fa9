import type { ResultSet, Row, SqlValue } from '../statement.js';
import type { RawResult } from './connection.js';

/** A result of the binding as `Database` gives it. */
export function toResult({ columns, rows, rowsAffected }: RawResult): ResultSet {
  return { columns, rows: rows.map((values) => toRow(columns, values)), rowsAffected };
}

function toRow(columns: readonly string[], values: readonly unknown[]): Row {
  const row: Record<string, SqlValue> = {};
  for (let at = 0; at < columns.length; at += 1) row[columns[at] ?? ''] = values[at] as SqlValue;
  return row;
}
