import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Migration, migrate, openDatabase } from '../../src/db/index.js';
import { promiseMigrations } from '../../src/promises/index.js';
import { recordMigrations } from '../../src/records/index.js';
import { installed } from '../package/project.js';
import { type ServerProcess, startProcess } from '../story/server-process.js';
import { COMMAND } from '../support/command.js';
import { makeTempDir } from '../support/temp-dir.js';
import { lastVersion, tarballOf } from './released.js';

/**
 * What a next release may do to each table at the least: a column, an index, a table, a trigger. While
 * nothing is released, this tree is the release before it.
 */
const OF_TOMORROW: readonly Migration[] = [
  {
    version: 9_999,
    name: 'of tomorrow',
    statements: [
      'ALTER TABLE promises ADD COLUMN of_tomorrow TEXT',
      'ALTER TABLE claims ADD COLUMN of_tomorrow INTEGER NOT NULL DEFAULT 0',
      'ALTER TABLE events ADD COLUMN of_tomorrow TEXT',
      'CREATE INDEX promises_of_tomorrow ON promises (of_tomorrow) WHERE of_tomorrow IS NOT NULL',
      'CREATE TABLE of_tomorrow (id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID',
      `CREATE TRIGGER tomorrow AFTER UPDATE OF status ON promises WHEN NEW.status = 'completed' BEGIN
        INSERT INTO of_tomorrow (id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
      END`,
    ],
  },
];

/** A task that runs until its file is there, and says its release. */
const CONFIG = `
import { existsSync } from 'node:fs';
import { defineConfig, defineTask } from 'holdfast';
import { z } from 'zod';
export default defineConfig({ tasks: [defineTask({
  type: 'hold', version: process.env.RELEASE, input: z.string(),
  run: async (file) => {
    while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 10));
    return process.env.RELEASE;
  },
})] });`;

const ROOT = join(import.meta.dirname, '../..');
const KEY = 'k'.repeat(32);
/** Installing the release before, where there is one. */
const PREPARE_MS_MAX = 240_000;

async function migrateAhead(directory: string): Promise<void> {
  const schemas = { queue: promiseMigrations, system: recordMigrations };
  for (const [name, migrations] of Object.entries(schemas)) {
    const url = `file:${join(directory, 'data', `${name}.db`)}`;
    const database = await openDatabase({ name, url, profile: name as 'queue' | 'system' });
    const more = name === 'queue' && lastVersion() === undefined ? OF_TOMORROW : [];
    await migrate(database, [...migrations, ...more]);
    await database.close();
  }
}

async function make(server: ServerProcess, file: string): Promise<string> {
  const made = await server.ask('POST', '/v1/promises', { type: 'hold', payload: file });
  expect(made.status).toBe(201);
  return String(made.body.id);
}

async function kept(server: ServerProcess, id: string): Promise<unknown> {
  const answer = await server.ask('GET', `/v1/promises/${id}?wait=30s`);
  expect(answer.body).toMatchObject({ status: 'completed', error: null });
  return answer.body.result;
}

test(
  'the release before goes on beside a newer schema, on the same files, and starts on it',
  async () => {
    const { path: directory, remove } = makeTempDir();
    onTestFinished(remove);
    const version = lastVersion();
    const project = version && (await installed(join(directory, 'before'), tarballOf(version)));
    const before = project ? join(project, 'node_modules/.bin/holdfast') : COMMAND;
    for (const place of [directory, ...(project ? [project] : [])]) {
      writeFileSync(join(place, 'holdfast.config.mjs'), CONFIG);
    }
    // As `npm install` of this checkout would.
    mkdirSync(join(directory, 'node_modules'));
    symlinkSync(ROOT, join(directory, 'node_modules/holdfast'));
    symlinkSync(join(ROOT, 'node_modules/zod'), join(directory, 'node_modules/zod'));
    const data = {
      QUEUE_DATABASE_URL: `file:${join(directory, 'data/queue.db')}`,
      SYSTEM_DATABASE_URL: `file:${join(directory, 'data/system.db')}`,
    };
    const start = (release: string, command: string, place: string) =>
      startProcess(place, { ...data, HOLDFAST_API_KEY: KEY, RELEASE: release }, command);
    const [gate, opened] = [join(directory, 'gate'), join(directory, 'holdfast.config.mjs')];

    const old = await start('before', before, project || directory);
    const held = await make(old, gate);
    await migrateAhead(directory);
    await expect
      .poll(async () => (await old.ask('GET', `/v1/promises/${held}`)).body.status)
      .toBe('in_progress');
    const young = await start('after', COMMAND, directory);
    const seen = await young.ask('GET', `/v1/promises/${held}`);
    expect(seen.body).toMatchObject({ status: 'in_progress', handlerVersion: 'before' });
    // Made by the one, asked for of the other; whoever takes them.
    const pairs = Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? [old, young] : [young, old]));
    const results = await Promise.all(
      pairs.map(async ([maker = old, asked = old]) => kept(asked, await make(maker, opened))),
    );
    expect(results.every((result) => result === 'before' || result === 'after')).toBe(true);
    expect(await young.end('SIGTERM')).toBe(0);
    const alone = await make(old, opened);
    expect(await kept(old, alone)).toBe('before');
    writeFileSync(gate, '');
    expect(await kept(old, held)).toBe('before');
    expect(await old.end('SIGTERM')).toBe(0);

    const again = await start('before', before, project || directory);
    expect(await kept(again, await make(again, opened))).toBe('before');
    expect((await again.ask('GET', '/v1/health')).body).toMatchObject({ status: 'ok' });
    expect(await again.end('SIGTERM')).toBe(0);
  },
  PREPARE_MS_MAX,
);
