import type { CallOptions, Database } from './database.js';

/** How much of a database is empty. */
export interface Space {
  readonly pages: number;
  readonly freePages: number;
  readonly pageSizeBytes: number;
  /** Whether `vacuum` can give empty pages back: fixed when the file was made. */
  readonly incremental: boolean;
}

const QUESTIONS = [
  { sql: 'PRAGMA page_count' },
  { sql: 'PRAGMA freelist_count' },
  { sql: 'PRAGMA page_size' },
  { sql: 'PRAGMA auto_vacuum' },
];

const INCREMENTAL = 2;

/** Looks without a lock. */
export async function readSpace(database: Database, options?: CallOptions): Promise<Space> {
  const answers = await database.read(QUESTIONS, options);
  const number = (at: number) => Number(Object.values(answers[at]?.rows[0] ?? {})[0] ?? 0);
  return {
    pages: number(0),
    freePages: number(1),
    pageSizeBytes: number(2),
    incremental: number(3) === INCREMENTAL,
  };
}
