// A process that takes the write lock of a file and keeps it until it is told to let go.
import { once } from 'node:events';
import { createClient } from '../../src/db/index.js';

const client = createClient({ url: String(process.argv[2]) });
const tx = await client.transaction('write');
await tx.execute('CREATE TABLE IF NOT EXISTS held (id INTEGER)');
process.send?.('holding');
await once(process, 'message');
await tx.rollback();
client.close();
process.disconnect();
