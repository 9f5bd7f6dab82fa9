import { afterAll, beforeAll, describe } from 'vitest';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations } from '../../src/promises/index.js';
import { T0 } from '../promises/fixture.js';
import { openQueue } from '../support/queue.js';
import { type Sqld, startSqld } from '../support/sqld.js';
import { callbacksContract } from './callbacks.suite.js';
import { eventLogContract } from './log.suite.js';

function fixtureOf(database: Database) {
  const time = { now: T0 };
  const build = () => new PromiseStore(database, { clock: () => time.now, random: () => 0 });
  return { database, store: build(), other: build(), time };
}

describe('the log of events in a file', () => {
  eventLogContract(async () => fixtureOf(await openQueue()));
  callbacksContract(async () => fixtureOf(await openQueue()));
});

describe('the log of events on libsql-server', () => {
  const TABLES = [
    'promises',
    'bodies',
    'failures',
    'claims',
    'lines',
    'lanes',
    'dependencies',
    'callbacks',
    'subscriptions',
    'events',
  ];
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

  const open = async () => {
    await database.write(TABLES.map((table) => ({ sql: `DELETE FROM ${table}` })));
    return fixtureOf(database);
  };
  eventLogContract(open);
  callbacksContract(open);
});
