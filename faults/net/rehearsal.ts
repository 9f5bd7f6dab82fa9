import type { Databases } from './databases.js';
import { openLine, prepare } from './line.js';
import { OPERATIONS } from './operations/index.js';

/** How an operation goes when nothing fails. */
export interface Rehearsed {
  readonly operation: string;
  /** `r` for each read and `w` for each write, in order. */
  readonly calls: string;
  /** What is wrong, if anything: under a fault it would prove nothing. */
  readonly wrong: string | undefined;
}

/** Does every operation without a fault: each does what the matrix takes it to do. */
export async function rehearse(databases: Databases): Promise<Rehearsed[]> {
  const line = await openLine(databases, { isHurried: false });
  try {
    const rehearsed: Rehearsed[] = [];
    for (const operation of Object.keys(OPERATIONS)) {
      const { call, shows } = await prepare(line, operation);
      const showedBefore = await shows?.();
      line.database.watch();
      const answer = await call();
      const { calls } = line.database;
      const showed = await shows?.();
      const wrong =
        shows === undefined
          ? wrongWithReading(calls, answer)
          : wrongWithWriting(calls, showedBefore === true, showed === true);
      rehearsed.push({ operation, calls, wrong });
    }
    return rehearsed;
  } finally {
    await line.close();
  }
}

function wrongWithReading(calls: string, answer: unknown): string | undefined {
  if (calls.includes('w')) return 'it writes, and nobody looks whether that shows';
  if (calls === '') return 'it asks no database';
  return isNothing(answer) ? 'it answered nothing: there was nothing to be read' : undefined;
}

function wrongWithWriting(calls: string, before: boolean, after: boolean): string | undefined {
  if (!calls.includes('w')) return 'it sent no write: there was nothing to be done';
  if (before) return 'what it does shows before it is done';
  return after ? undefined : 'what it did does not show';
}

function isNothing(answer: unknown): boolean {
  if (answer === undefined || answer === null) return true;
  const { length, size } = answer as { length?: unknown; size?: unknown };
  return length === 0 || size === 0;
}
