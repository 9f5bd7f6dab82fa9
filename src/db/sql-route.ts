/**
 * Where a statement belongs, told from its first word. It is a first guess: a
 * `read` that turns out to write is refused by `query_only` and goes to the writer.
 */
export type Route =
  | 'read'
  | 'write'
  /** BEGIN, COMMIT and their kin: on a connection of one's own they end with the call. */
  | 'control'
  | 'pragma'
  | 'vacuum'
  /** ATTACH and DETACH: every connection has to know. */
  | 'attach';

const LEADING = /^(?:\s|;|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/;
const WORD = /^[a-z]+/i;

const ROUTES: Readonly<Record<string, Route>> = {
  select: 'read',
  values: 'read',
  explain: 'read',
  with: 'read',
  pragma: 'pragma',
  vacuum: 'vacuum',
  attach: 'attach',
  detach: 'attach',
  begin: 'control',
  commit: 'control',
  end: 'control',
  rollback: 'control',
  savepoint: 'control',
  release: 'control',
};

/** What these tell belongs to the connection that wrote. */
const WRITERS_OWN = /\b(?:changes|total_changes|last_insert_rowid)\s*\(/i;
const MAKES_TEMP = /^create\s+temp(?:orary)?\b/i;

export function routeOf(sql: string): Route {
  const route = ROUTES[firstWord(sql)] ?? 'write';
  return route === 'read' && WRITERS_OWN.test(sql) ? 'write' : route;
}

export function makesTemporary(sql: string): boolean {
  return MAKES_TEMP.test(withoutLeading(sql));
}

/** True when a statement surely writes nothing: what is safe to send twice. */
export function isPlainRead(sql: string): boolean {
  const word = firstWord(sql);
  if (word === 'with') return !/\b(?:insert|update|delete|replace)\b/i.test(sql);
  return word === 'select' || word === 'values' || word === 'explain';
}

/** True for the statements of a script that are kept all or not at all. */
export function isOneTransaction(statements: readonly string[]): boolean {
  const [first = '', ...rest] = statements;
  const last = rest.pop();
  if (last === undefined) return true;
  const isControl = (sql: string) => routeOf(sql) === 'control';
  return isControl(first) && isControl(last) && !rest.some(isControl);
}

function firstWord(sql: string): string {
  return WORD.exec(withoutLeading(sql))?.[0].toLowerCase() ?? '';
}

export function withoutLeading(sql: string): string {
  return sql.replace(LEADING, '');
}

export interface Pragma {
  readonly name: string;
  /** The value of `name = value` or `name(value)`, unquoted; undefined when it only asks. */
  readonly value: string | undefined;
}

const PRAGMA = /^pragma\s+(?:\w+\s*\.\s*)?(\w+)\s*(?:=\s*([^;]+?)|\(\s*([^;]*?)\s*\))?\s*;?\s*$/i;

export function parsePragma(sql: string): Pragma | undefined {
  const match = PRAGMA.exec(withoutLeading(sql));
  if (match?.[1] === undefined) return undefined;
  const value = (match[2] ?? match[3])?.replace(/^(['"])(.*)\1$/, '$2');
  return { name: match[1].toLowerCase(), value };
}

/** Settings of a connection: each one has to get them. The rest belongs to the file, or only asks. */
const CONNECTION_PRAGMAS = new Set([
  'analysis_limit',
  'automatic_index',
  'cache_size',
  'cache_spill',
  'case_sensitive_like',
  'cell_size_check',
  'checkpoint_fullfsync',
  'defer_foreign_keys',
  'foreign_keys',
  'fullfsync',
  'hard_heap_limit',
  'ignore_check_constraints',
  'journal_size_limit',
  'legacy_alter_table',
  'mmap_size',
  'read_uncommitted',
  'recursive_triggers',
  'reverse_unordered_selects',
  'secure_delete',
  'soft_heap_limit',
  'synchronous',
  'temp_store',
  'threads',
  'trusted_schema',
  'wal_autocheckpoint',
  'writable_schema',
]);

export function setsConnection({ name, value }: Pragma): boolean {
  return value !== undefined && CONNECTION_PRAGMAS.has(name);
}

/** These write to the file, so they take the lock as other writes do. */
const FILE_PRAGMAS = new Set([
  'application_id',
  'incremental_vacuum',
  'optimize',
  'schema_version',
  'user_version',
]);

export function writesFile({ name, value }: Pragma): boolean {
  return (
    FILE_PRAGMAS.has(name) &&
    (value !== undefined || name === 'optimize' || name === 'incremental_vacuum')
  );
}
