import { describe } from 'vitest';
import { PromiseStore } from '../../src/promises/index.js';
import { openQueue } from '../support/queue.js';
import { T0 } from './fixture.js';
import { storeContract } from './store.suite.js';

describe('store on a file', () => {
  storeContract(async () => {
    const database = await openQueue();
    const time = { now: T0 };
    const build = () => new PromiseStore(database, { clock: () => time.now, random: () => 0 });
    return { database, store: build(), other: build(), time };
  });
});
