// The limit: a Hono route on the same server that reads JSON and answers JSON of the same size.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { ANSWER } from './promise.js';

const app = new Hono();
app.post('/v1/promises', async (context) => {
  await context.req.json();
  return context.body(ANSWER, 201, { 'Content-Type': 'application/json' });
});
const server = createAdaptorServer(app);
server.listen(0, '127.0.0.1');
await once(server, 'listening');
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
