/** What an empty Node project does with the package: every entry is used. */
export const NODE_PROGRAM = `
import { createHoldfast, defineConfig, defineTask } from 'holdfast';
import { createClient as createApi, Worker } from 'holdfast/client';
import { type Client, createClient, diagnose } from 'holdfast/db';
import { defineMachine, openMachine } from 'holdfast/machine';
import { createTestHoldfast } from 'holdfast/testing';
import { z } from 'zod';

const client = createClient({ url: 'file:app.db' });
client satisfies Client;
await client.execute('CREATE TABLE notes (text TEXT)');
await Promise.all([1, 2, 3].map((n) => client.execute({ sql: 'INSERT INTO notes VALUES (?)', args: [n] })));
const { rows } = await client.execute('SELECT count(*) AS notes FROM notes');
await client.checkpoint();
client.close();
const { ok } = await diagnose({ url: 'file:app.db', betweenMs: 1 });

const greet = defineTask({
  type: 'greet',
  input: z.object({ name: z.string() }),
  run: ({ name }) => ({ greeting: 'Hello, ' + name }),
});
// @ts-expect-error the input is typed by the schema
void (() => greet.enqueue({ name: 1 }));
const service = await createHoldfast(defineConfig({ tasks: [greet] })).open();
service.start();
const { promise } = await greet.enqueue({ name: 'Ada' });
let kept = await service.get(promise.id);
while (kept?.status !== 'completed') {
  await new Promise((resolve) => setTimeout(resolve, 10));
  kept = await service.get(promise.id);
}
await service.close();

const kit = await createTestHoldfast({ tasks: [greet] });
const made = await kit.enqueue(greet, { name: 'Grace' });
await kit.runUntilIdle();
const tested = await kit.get(made.id);
await kit.close();

const commands = { hello: { program: 'echo', args: ['hello'] } };
const machine = openMachine(defineMachine({ commands }), { directory: '.', env: process.env });
const signal = new AbortController().signal;
const ran = await machine.tasks[0]?.run({ command: 'hello' }, { signal, progress: () => {} });
await machine.close();

console.log(JSON.stringify({
  ran: (ran as { output: string }).output,
  notes: rows[0]?.notes, ok, result: kept.result, tested: tested?.status, api: [typeof createApi, typeof Worker],
}));
`;

/** A Worker of one's own that uses the drop-in for itself, and is the service for all else. */
export const WORKER = `
import { createHoldfast } from 'holdfast';
import { createClient } from 'holdfast/db';

const holdfast = createHoldfast();

export default {
  async fetch(request: Request, env: Record<string, string>, invocation: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname !== '/notes') return holdfast.fetch(request, env, invocation);
    const client = createClient({ url: env.NOTES_URL ?? '' });
    await client.batch(['CREATE TABLE IF NOT EXISTS notes (text TEXT)', "INSERT INTO notes VALUES ('x')"], 'write');
    const { rows } = await client.execute('SELECT count(*) AS notes FROM notes');
    client.close();
    return Response.json(rows[0]?.notes);
  },
  scheduled: holdfast.scheduled,
};
`;

/** Strict, and with every declaration of the package checked. */
export const COMPILER_OPTIONS = {
  target: 'ES2023',
  lib: ['ES2023'],
  strict: true,
  noEmit: true,
  skipLibCheck: false,
} as const;
