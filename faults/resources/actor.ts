/** A process that fills a WAL, or reads for long. */

import { once } from 'node:events';
import { newId } from '../../src/core/index.js';
import { createClient, migrate, openDatabase } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations } from '../../src/promises/index.js';
import { FILLED, type ResourceNews, type ResourceOrders } from './orders.js';

const PAYLOAD = 'x'.repeat(20_000);
const PROMISES_A_CALL = 50;
const SEEN = 'SELECT count(*), max(seq) FROM promises';

const say = (news: ResourceNews) =>
  new Promise((resolve) => process.send?.(news, resolve as () => void));

async function fill(url: string): Promise<never> {
  const checkpoints = { enabled: false };
  const database = await openDatabase({ name: 'queue', url, profile: 'queue', checkpoints });
  await migrate(database, promiseMigrations);
  const store = new PromiseStore(database);
  for (;;) {
    const items = Array.from({ length: PROMISES_A_CALL }, () => {
      return { id: newId(), type: FILLED, payload: PAYLOAD };
    });
    await store.enqueue(items);
    await say({ kind: 'made', ids: items.map(({ id }) => id) });
  }
}

async function read(url: string): Promise<void> {
  const client = createClient({ url });
  const reading = await client.transaction('read');
  const before = await reading.execute(SEEN);
  await say({ kind: 'reading' });
  await once(process, 'message');
  const after = await reading.execute(SEEN);
  await say({ kind: 'read', isSame: JSON.stringify(before.rows) === JSON.stringify(after.rows) });
  reading.close();
  client.close();
  process.disconnect();
}

// Nobody is left to end it.
process.once('disconnect', () => process.exit());
const [{ what, url }] = (await once(process, 'message')) as [ResourceOrders];
await { fill, read }[what](url);
