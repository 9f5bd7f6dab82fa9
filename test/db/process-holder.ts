// A process that takes the write lock, writes a row and keeps the transaction open until it is killed or told to commit.
import { once } from 'node:events';
import { createClient } from '../../src/db/index.js';

const client = createClient({ url: String(process.argv[2]) });
const tx = await client.transaction('write');
await tx.execute("INSERT INTO rows (writer, at) VALUES ('holder', 0)");
process.send?.('holding');
await once(process, 'message');
await tx.commit();
client.close();
process.disconnect();
