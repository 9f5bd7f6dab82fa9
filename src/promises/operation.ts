import type { Database, ResultSet, Statement, WriteOptions } from '../db/index.js';

/** Statements that belong together, and what their answers mean. */
export interface Operation<T> {
  readonly statements: readonly Statement[];
  readonly read: (results: readonly ResultSet[]) => T;
}

/**
 * Runs operations as one atomic write, in order: one round trip. Every operation
 * of this folder can be sent twice with the effect of once, so a lost answer is
 * asked for again.
 */
export async function perform<T extends readonly unknown[]>(
  database: Database,
  label: string,
  operations: { readonly [K in keyof T]: Operation<T[K]> },
  options: WriteOptions = {},
): Promise<T> {
  const statements = operations.flatMap((operation) => operation.statements);
  const results = await database.write(statements, { ...options, label, idempotent: true });
  return readParts(operations, results) as T;
}

/** Operations one after the other, as one. */
export function inParts<T, U>(
  parts: readonly Operation<T>[],
  join: (answers: readonly T[]) => U,
): Operation<U> {
  return {
    statements: parts.flatMap((part) => part.statements),
    read: (results) => join(readParts(parts, results) as T[]),
  };
}

function readParts(parts: readonly Operation<unknown>[], results: readonly ResultSet[]): unknown {
  let start = 0;
  return parts.map((part) => {
    const end = start + part.statements.length;
    const answer = part.read(results.slice(start, end));
    start = end;
    return answer;
  });
}

/** The rows of the last of an operation's statements. */
export function lastRows(results: readonly ResultSet[]): ResultSet['rows'] {
  return results.at(-1)?.rows ?? [];
}
