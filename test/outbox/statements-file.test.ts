import { join } from 'node:path';
import { createClient } from '@libsql/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { silentLog } from '../../src/core/index.js';
import { PromiseStore, promiseStatements } from '../../src/promises/index.js';
import { defineTask, Executor, TaskRegistry } from '../../src/tasks/index.js';
import { openQueue } from '../support/queue.js';
import { soon } from '../support/soon.js';
import { tempDir } from '../support/temp-dir.js';
import { statementsContract } from './statements.suite.js';

async function open() {
  const path = join(tempDir(), 'queue.db');
  const store = new PromiseStore(await openQueue(path));
  const client = createClient({ url: `file:${path}` });
  onTestFinished(() => client.close());
  await client.execute('CREATE TABLE orders (id TEXT PRIMARY KEY)');
  return { client, store };
}

describe('statements in a batch on a file', () => {
  statementsContract(open);

  it('wake the executor of another connection', async () => {
    const { client, store } = await open();
    const task = defineTask({ type: 'mail', input: z.null(), run: () => 'sent' });
    const registry = new TaskRegistry([task]);
    const executor = new Executor({ store, registry, worker: 'w', log: silentLog });
    onTestFinished(() => executor.stop());
    executor.start();
    const { id, statements } = await promiseStatements({ type: 'mail' });
    await client.batch(statements, 'write');
    const kept = async () =>
      expect(await store.get(id)).toMatchObject({ status: 'completed', result: 'sent' });
    await soon(kept);
  });
});
