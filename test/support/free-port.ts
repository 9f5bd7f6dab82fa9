import { once } from 'node:events';
import { createServer } from 'node:net';

/** Linux gives ports from 32768 on to whoever connects, or listens on 0, unless told otherwise: not one of these. */
const PORTS = { from: 20_000, below: 32_000 } as const;
let nextPort = PORTS.from + Math.floor(Math.random() * (PORTS.below - PORTS.from));

/** A port that was free a moment ago, and that this process is given once. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort;
    nextPort = port + 1 < PORTS.below ? port + 1 : PORTS.from;
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE') throw error;
        return false;
      },
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
