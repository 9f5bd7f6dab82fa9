import type { InArgs, InStatement } from '@libsql/core/api';

/** One statement, whichever of their forms it came in. */
export interface NormalStatement {
  readonly sql: string;
  readonly args: InArgs | undefined;
}

/** Their four forms: text, text with arguments, an object, a pair. */
export function normalStatement(
  statement: InStatement | [string, InArgs?],
  args?: InArgs,
): NormalStatement {
  if (typeof statement === 'string') return { sql: statement, args };
  if (Array.isArray(statement)) return { sql: statement[0], args: statement[1] };
  return { sql: statement.sql, args: statement.args };
}
