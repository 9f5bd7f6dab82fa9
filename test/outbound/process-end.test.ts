import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startTarget } from './target-server.js';

const caller = fileURLToPath(new URL('./idle-caller.ts', import.meta.url));

// The target keeps connections open for a minute: a process that waited for them would be killed.
it.each(['idle', 'close'])('a process with kept-alive connections ends: %s', async (how) => {
  const target = await startTarget((response) => {
    response.writeHead(200, { connection: 'keep-alive', 'keep-alive': 'timeout=60' }).end('done');
  });
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', caller, target.origin, how],
    { timeout: 15_000 },
  );
  expect(stdout).toBe('done');
});
