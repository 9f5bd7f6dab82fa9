import { createClient } from '@libsql/client';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { migrate, openDatabase } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations } from '../../src/promises/index.js';
import { type Sqld, startSqld } from '../support/sqld.js';
import { statementsContract } from './statements.suite.js';

describe('statements in a batch on libsql-server', () => {
  let sqld: Sqld;

  beforeAll(async () => {
    sqld = await startSqld();
  });

  afterAll(() => sqld.stop());

  statementsContract(async () => {
    const database = await openDatabase({ name: 'queue', url: sqld.url, profile: 'queue' });
    const client = createClient({ url: sqld.url });
    onTestFinished(async () => {
      client.close();
      await database.close();
    });
    await migrate(database, promiseMigrations);
    const tables = ['promises', 'bodies', 'tags', 'dependencies', 'lines', 'lanes', 'claims'];
    await database.write([
      { sql: 'DROP TABLE IF EXISTS orders' },
      { sql: 'CREATE TABLE orders (id TEXT PRIMARY KEY)' },
      ...tables.map((table) => ({ sql: `DELETE FROM ${table}` })),
    ]);
    return { client, store: new PromiseStore(database) };
  });
});
