// A program that writes once and checkpoints, then closes its client or forgets it, and has nothing left to do.
import { createClient } from '../../src/db/index.js';

const [url, last] = process.argv.slice(2);
const client = createClient({ url: String(url) });
await client.execute("INSERT OR REPLACE INTO rows VALUES ('short', 0)");
await client.checkpoint();
if (last === 'close') client.close();
process.disconnect?.();
