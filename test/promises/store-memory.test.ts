import { describe, onTestFinished } from 'vitest';
import { migrate, openDatabase } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations } from '../../src/promises/index.js';
import { T0 } from './fixture.js';
import { storeContract } from './store.suite.js';

describe('store in memory', () => {
  storeContract(async () => {
    const database = await openDatabase({ name: 'queue', url: ':memory:', profile: 'queue' });
    onTestFinished(() => database.close());
    await migrate(database, promiseMigrations);
    const time = { now: T0 };
    const build = () => new PromiseStore(database, { clock: () => time.now, random: () => 0 });
    return { database, store: build(), other: build(), time };
  });
});
