// One process of the write race: writes its rows one by one, and tells what was acknowledged.
import { once } from 'node:events';
import { type Contender, INSERT, openContender } from './clients.js';

const [contender, url, writer, count] = process.argv.slice(2);
const client = await openContender(contender as Contender, String(url)).catch(() => undefined);

process.send?.('ready');
await once(process, 'message');
process.send?.(await race());
client?.close();
process.disconnect();

async function race() {
  const startedAt = performance.now();
  let acknowledged = 0;
  let errors = client === undefined ? Number(count) : 0;
  for (let at = 0; client !== undefined && at < Number(count); at += 1) {
    try {
      await client.execute({ sql: INSERT, args: [String(writer), 'a row of a benchmark'] });
      acknowledged += 1;
    } catch {
      errors += 1;
    }
  }
  return { acknowledged, errors, ms: performance.now() - startedAt };
}
