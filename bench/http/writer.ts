// Another process that writes to the same file until it is killed: one row, a pause of 5 ms, again.
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '../../src/db/index.js';

const client = createClient({ url: String(process.argv[2]) });
await client.execute('CREATE TABLE IF NOT EXISTS bench_rows (at INTEGER)');
console.log('writing');
for (;;) {
  await client.execute('INSERT INTO bench_rows (at) VALUES (1)');
  await pause(5);
}
