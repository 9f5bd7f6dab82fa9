/** A value that SQL can hold. Booleans and dates are the caller's to encode. */
export type SqlValue = null | string | number | bigint | Uint8Array;

/** SQL with its positional arguments (`?1` is the first). */
export interface Statement {
  readonly sql: string;
  readonly args?: readonly SqlValue[];
}

/** A row by column name. Integers arrive as numbers, exact up to 2^53. */
export type Row = Readonly<Record<string, SqlValue>>;

export interface ResultSet {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Rows changed. Undefined behaviour with RETURNING on files (F6): decide by the rows that come back. */
  readonly rowsAffected: number;
}
