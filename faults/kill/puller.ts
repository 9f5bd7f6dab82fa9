/** A pull worker to be killed: asks the service over HTTP for promises, and keeps them. */
import { type HandlerContext, Worker } from '../../src/client/index.js';
import { type Api, LEASE_MS } from './orders.js';
import { work } from './work.js';

const WAIT_MS = 2_000;

const worker = new Worker({
  client: JSON.parse(process.argv[2] ?? '') as Api,
  queue: 'default',
  handlers: {
    work: async (_payload: unknown, context: HandlerContext) => {
      await work();
      context.enqueue('effect', { maker: context.id });
      return context.id;
    },
  },
  leaseMs: LEASE_MS,
  waitMs: WAIT_MS,
  // It is ready to be killed when it has been in touch with the service.
  onChange: ({ completed }) => {
    if (completed > 0) process.stdout.write('ready\n');
  },
});
worker.start();
