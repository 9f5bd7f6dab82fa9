import { afterAll, beforeAll, describe } from 'vitest';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import { promiseMigrations } from '../../src/promises/index.js';
import { type Sqld, startSqld } from '../support/sqld.js';
import { firingContract } from './firing.suite.js';
import { fixtureOf } from './fixture.js';
import { keepingContract } from './keeping.suite.js';

const TABLES = [
  'promises',
  'bodies',
  'claims',
  'lines',
  'dependencies',
  'tags',
  'schedules',
  'occurrences',
];

describe('schedules on libsql-server', () => {
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
  keepingContract(open);
  firingContract(open);
});
