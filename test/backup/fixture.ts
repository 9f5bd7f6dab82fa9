import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { uuidv7 } from 'uuidv7';
import { onTestFinished } from 'vitest';
import { readSettings, type Settings } from '../../functions/env.js';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations } from '../../src/promises/index.js';
import { recordMigrations } from '../../src/records/index.js';

export function settingsOf(queueUrl: string, systemUrl: string): Settings {
  return readSettings({ QUEUE_DATABASE_URL: queueUrl, SYSTEM_DATABASE_URL: systemUrl }, 'node');
}

export function filesIn(directory: string): Settings {
  return settingsOf(`file:${join(directory, 'queue.db')}`, `file:${join(directory, 'system.db')}`);
}

/** Both databases, migrated and open until the test has finished. */
export async function openBoth(settings: Settings): Promise<{
  readonly queue: Database;
  readonly system: Database;
  readonly store: PromiseStore;
  readonly close: () => Promise<void>;
}> {
  const open = (name: 'queue' | 'system', url: string) =>
    openDatabase({ name, profile: name, url });
  const queue = await open('queue', settings.QUEUE_DATABASE_URL);
  const system = await open('system', settings.SYSTEM_DATABASE_URL);
  const close = async () => {
    await Promise.all([queue.close(), system.close()]);
    await lettingGo();
  };
  onTestFinished(close);
  await migrate(queue, promiseMigrations);
  await migrate(system, recordMigrations);
  return { queue, system, store: new PromiseStore(queue), close };
}

/** The binding lets a file go when its statements are collected (F8): a process that ends does at once. */
async function lettingGo(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let turn = 0; turn < 5; turn += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Everything that a database holds, to be compared. */
export async function contentOf(database: Database): Promise<Record<string, unknown>> {
  const [tables] = await database.read([
    {
      sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'libsql_%'",
    },
  ]);
  const content: Record<string, unknown> = {};
  for (const { name } of tables?.rows ?? []) {
    const [rows] = await database.read([{ sql: `SELECT * FROM "${name}"` }]);
    content[String(name)] = rows?.rows;
  }
  const [parts] = await database.read([
    {
      sql: "SELECT type, name FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'libsql_%' ORDER BY 1, 2",
    },
  ]);
  return { ...content, parts: parts?.rows };
}

/** Promises with what is hard to carry over: quotes, lines, semicolons, long bodies. */
export async function makePromises(store: PromiseStore, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => uuidv7());
  await store.enqueue(
    ids.map((id, at) => ({
      id,
      type: 'echo',
      key: `key ${id}`,
      tags: ['one', 'two'],
      payload: { text: `it's; "line\n${at}";\nEND;`, long: at % 3 === 0 ? 'ü'.repeat(2_000) : '' },
      callbackUrl: 'https://example.com/told',
    })),
  );
  return ids;
}
