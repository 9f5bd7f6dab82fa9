import { stat } from 'node:fs/promises';
import { HoldfastError } from '../../../core/index.js';
import { HAS_MIGRATIONS, integrityOf, MIGRATIONS, QUICK_CHECK } from '../../doctor/questions.js';
import { Aside } from '../aside/aside.js';

/** What a copy of a database is. */
export interface CheckedCopy {
  readonly bytes: number;
  /** Of the newest migration that was applied; 0 for none. */
  readonly schemaVersion: number;
  readonly tables: number;
}

const COUNT_TABLES = "SELECT count(*) AS tables FROM sqlite_schema WHERE type = 'table'";
const OPEN_MS = 30_000;

/**
 * Reads the whole of a file and tells what it is.
 * @throws HoldfastError `database-corrupt` naming what is wrong
 */
export async function checkCopy(path: string, deadlineMs: number): Promise<CheckedCopy> {
  const aside = new Aside('check');
  try {
    await aside.open({ path }, OPEN_MS);
    const errors = integrityOf(await aside.all(QUICK_CHECK, deadlineMs)) ?? [];
    if (errors.length > 0) {
      throw new HoldfastError('database-corrupt', `${path}: ${errors.join('; ')}`);
    }
    const [has] = await aside.all(HAS_MIGRATIONS, OPEN_MS);
    const applied = Number(has?.found) === 0 ? [] : await aside.all(MIGRATIONS, OPEN_MS);
    const [count] = await aside.all(COUNT_TABLES, OPEN_MS);
    return {
      bytes: (await stat(path)).size,
      schemaVersion: Math.max(0, ...applied.map(({ version }) => Number(version))),
      tables: Number(count?.tables),
    };
  } finally {
    await aside.end();
  }
}
