/**
 * A process whose resources are cut. It says what happened to it as one line of JSON: what it
 * was acknowledged, and the error that stopped it.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError, newId } from '../../src/core/index.js';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations } from '../../src/promises/index.js';

export interface SubjectOrders {
  readonly directory: string;
  /**
   * `fill`: makes promises until it is refused, then again when the ballast is gone.
   * `open`: opens the database, and looks. `wal`: leaves so many promises in the WAL, and dies.
   * `migrate`: brings an empty database up. `crowd`: calls many things at once.
   */
  readonly what: 'fill' | 'open' | 'wal' | 'migrate' | 'crowd';
  readonly count?: number;
}

export interface SubjectReport {
  readonly made: readonly string[];
  /** The code of the error. */
  readonly refused: string | null;
  /** Acknowledged promises that could be read after it. */
  readonly read: number;
  /** True when it made promises again afterwards. */
  readonly goesOn: boolean;
}

const PAYLOAD = 'x'.repeat(2_000);
const CALLS_MAX = 10_000;

const make = (payload: string) => ({ id: newId(), type: 'echo', payload });
const codeOf = (error: unknown) =>
  error instanceof HoldfastError ? error.code : `!${String(error)}`;

async function fill(database: Database, directory: string): Promise<SubjectReport> {
  const store = new PromiseStore(database);
  const made: string[] = [];
  let refused: string | null = null;
  for (let call = 0; call < CALLS_MAX && refused === null; call += 1) {
    const item = make(PAYLOAD);
    try {
      await store.enqueue([item]);
      made.push(item.id);
    } catch (error) {
      refused = codeOf(error);
    }
  }
  const read = await readable(store, made);
  rmSync(join(directory, 'ballast'), { force: true });
  const goesOn = await store.enqueue([make(PAYLOAD)]).then(
    () => true,
    () => false,
  );
  return { made, refused, read, goesOn };
}

async function readable(store: PromiseStore, made: readonly string[]): Promise<number> {
  const found = await Promise.all(made.map((id) => store.get(id)));
  return found.filter((one) => one !== undefined).length;
}

async function crowd(database: Database, count: number): Promise<SubjectReport> {
  const store = new PromiseStore(database);
  const items = Array.from({ length: count }, () => make('small'));
  const calls = items.map(async (item) => {
    await store.enqueue([item]);
    await store.get(item.id);
  });
  const outcomes = await Promise.allSettled(calls);
  const refused = outcomes.find((one) => one.status === 'rejected');
  const made = items.map(({ id }) => id);
  const read = await readable(store, made);
  return {
    made,
    refused: refused === undefined ? null : codeOf(refused.reason),
    read,
    goesOn: true,
  };
}

async function leaveWal(database: Database, count: number): Promise<void> {
  const store = new PromiseStore(database);
  for (let left = count; left > 0; left -= 100) {
    const size = Math.min(left, 100);
    const items = Array.from({ length: size }, () => make(PAYLOAD));
    await store.enqueue(items);
  }
  // Nothing is tidied up.
  process.kill(process.pid, 'SIGKILL');
}

async function obey({ directory, what, count = 0 }: SubjectOrders): Promise<SubjectReport> {
  const none = { made: [], read: 0, goesOn: false };
  try {
    const database = await openDatabase({
      name: 'queue',
      url: `file:${join(directory, 'queue.db')}`,
      profile: 'queue',
      checkpoints: { enabled: what !== 'wal' },
    });
    await migrate(database, promiseMigrations);
    if (what === 'fill') return await fill(database, directory);
    if (what === 'crowd') return await crowd(database, count);
    if (what === 'wal') await leaveWal(database, count);
    await database.close();
    return { ...none, refused: null, goesOn: true };
  } catch (error) {
    return { ...none, refused: codeOf(error) };
  }
}

const report = await obey(JSON.parse(process.argv[2] ?? '') as SubjectOrders);
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
