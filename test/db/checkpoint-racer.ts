// One process of F9's race. `commit`: writes rows, checkpoints early, tells how many were acknowledged.
// `checkpoint`: runs one round whenever it is told to.
import { once } from 'node:events';
import { createClient } from '../../src/db/index.js';

const [url, role, rounds] = process.argv.slice(2);
const settings = { mmapBytes: 268_435_456, synchronous: 'off' } as const;
const client = createClient({ url: String(url), settings, checkpoints: { everyMs: 0 } });
process.send?.('ready');

if (role === 'checkpoint') {
  for (;;) {
    const [message] = await once(process, 'message');
    if (message === 'end') break;
    const { outcome } = await client.checkpoint();
    process.send?.(outcome);
  }
} else {
  let running = true;
  process.once('message', () => {
    running = false;
  });
  let acknowledged = 0;
  while (running || acknowledged < Number(rounds)) {
    await client.execute({
      sql: 'INSERT INTO rows (at, filler) VALUES (?, ?)',
      args: [acknowledged, 'x'.repeat(500)],
    });
    acknowledged += 1;
    if (acknowledged % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  process.send?.(acknowledged);
}
client.close();
process.disconnect();
