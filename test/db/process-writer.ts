// A process of its own that writes rows one by one, and tells what was acknowledged.
import { once } from 'node:events';
import { createClient } from '../../src/db/index.js';

const [url, writer, count] = process.argv.slice(2);
const client = createClient({ url: String(url), checkpoints: { walBytesMax: 262_144 } });

async function write(): Promise<void> {
  let errors = 0;
  const acknowledged: number[] = [];
  for (let at = 0; at < Number(count); at += 1) {
    try {
      await client.execute({
        sql: 'INSERT INTO rows (writer, at) VALUES (?, ?)',
        args: [String(writer), at],
      });
      acknowledged.push(at);
    } catch {
      errors += 1;
    }
  }
  process.send?.({ acknowledged, errors });
}

process.send?.('ready');
await once(process, 'message');
await write();
client.close();
process.disconnect();
