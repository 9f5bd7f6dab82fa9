import { afterAll, beforeAll, describe } from 'vitest';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations } from '../../src/promises/index.js';
import { type Sqld, startSqld } from '../support/sqld.js';
import { emptyTables, T0 } from './fixture.js';
import { storeContract } from './store.suite.js';

describe('store on libsql-server', () => {
  let sqld: Sqld;
  let database: Database;

  beforeAll(async () => {
    sqld = await startSqld();
    database = await openDatabase({ name: 'queue', url: sqld.url, profile: 'queue' });
    await migrate(database, promiseMigrations);
  });

  afterAll(async () => {
    await database.close();
    await sqld.stop();
  });

  storeContract(async () => {
    await emptyTables(database);
    const time = { now: T0 };
    const build = () => new PromiseStore(database, { clock: () => time.now, random: () => 0 });
    return { database, store: build(), other: build(), time };
  });
});
