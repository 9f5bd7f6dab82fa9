import type { Databases } from './databases.js';
import { type Line, openLine, prepare } from './line.js';
import { OPERATIONS } from './operations/index.js';

/** How an operation goes when nothing fails. */
export interface Rehearsed {
  readonly operation: string;
  /** `r` for each read and `w` for each write, in order. */
  readonly calls: string;
  /** What is wrong, if anything: under a fault it would prove nothing. */
  readonly wrong: string | undefined;
}

/** Lines that rehearse at once. */
const AT_ONCE = 4;

/** Does every operation without a fault: each does what the matrix takes it to do. */
export async function rehearse(databases: Databases): Promise<Rehearsed[]> {
  const operations = Object.keys(OPERATIONS);
  const share = Math.ceil(operations.length / AT_ONCE);
  const shares = Array.from({ length: AT_ONCE }, (_none, at) =>
    operations.slice(at * share, (at + 1) * share),
  );
  return (await Promise.all(shares.map((some) => inLine(databases, some)))).flat();
}

async function inLine(databases: Databases, operations: readonly string[]): Promise<Rehearsed[]> {
  const line = await openLine(databases, { isHurried: false });
  try {
    const rehearsed: Rehearsed[] = [];
    for (const operation of operations) rehearsed.push(await rehearseOne(line, operation));
    return rehearsed;
  } finally {
    await line.close();
  }
}

async function rehearseOne(line: Line, operation: string): Promise<Rehearsed> {
  const { call, shows } = await prepare(line, operation);
  const before = await shows?.();
  line.database.watch();
  const answer = await call();
  const { calls } = line.database;
  const after = await shows?.();
  const wrong =
    before === undefined || after === undefined
      ? wrongWithReading(calls, answer)
      : wrongWithWriting(calls, before, after);
  return { operation, calls, wrong };
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
