import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '@libsql/client';
import { createHoldfast, defineTask } from 'holdfast';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { silentLog } from '../../src/core/index.js';
import { openDatabase } from '../../src/db/index.js';
import {
  outboxMigrations,
  outboxStatements,
  PromiseStore,
  relayOutbox,
} from '../../src/promises/index.js';
import { OutboxRelay } from '../../src/tasks/index.js';
import { openQueue } from '../support/queue.js';
import { soon } from '../support/soon.js';
import { tempDir } from '../support/temp-dir.js';

async function open() {
  const directory = tempDir();
  const paths = { queue: join(directory, 'queue.db'), application: join(directory, 'app.db') };
  const store = new PromiseStore(await openQueue(paths.queue));
  const url = `file:${paths.application}`;
  const application = await openDatabase({ name: 'outbox', url, profile: 'client' });
  const client = createClient({ url });
  onTestFinished(async () => {
    client.close();
    await application.close();
  });
  await client.batch([...outboxMigrations, ...outboxMigrations], 'write');
  await client.execute('CREATE TABLE orders (id TEXT PRIMARY KEY)');
  return { directory, paths, store, application, client };
}

const order = (id: string) => ({ sql: 'INSERT INTO orders (id) VALUES (?)', args: [id] });

async function outbox(client: Client) {
  return (await client.execute('SELECT id, refused FROM holdfast_outbox ORDER BY id')).rows;
}

describe('the relay of an outbox', () => {
  it('makes what committed, with what was asked, and nothing of what did not', async () => {
    const { store, application, client } = await open();
    const kept = outboxStatements({ type: 'mail', payload: { to: 'a' }, priority: 2, tags: ['t'] });
    const child = outboxStatements({ type: 'mail', dependsOn: [kept.id] });
    const lost = outboxStatements({ type: 'mail' });
    await client.batch([order('1'), ...kept.statements, ...child.statements], 'write');
    await expect(client.batch([...lost.statements, order('1')], 'write')).rejects.toThrow(/UNIQUE/);
    expect(await relayOutbox(application, store)).toEqual({ relayed: 2, refused: 0 });
    expect(await store.get(kept.id)).toMatchObject({ payload: { to: 'a' }, priority: 2 });
    expect(await store.get(child.id)).toMatchObject({ status: 'waiting' });
    expect(await store.get(lost.id)).toBeUndefined();
    expect(await outbox(client)).toEqual([]);
    expect(await relayOutbox(application, store)).toEqual({ relayed: 0, refused: 0 });
  });

  it('counts a delay from when the row was made', async () => {
    const { store, application, client } = await open();
    const { id, statements } = outboxStatements({ type: 'mail', delay: '10m' });
    const over = outboxStatements({ type: 'mail', delay: '4m' });
    await client.batch([...statements, ...over.statements], 'write');
    await client.execute('UPDATE holdfast_outbox SET made_at = made_at - 300000');
    await relayOutbox(application, store);
    const [late, due] = [await store.get(id), await store.get(over.id)];
    const leftMs = (late?.runAt ?? 0) - (late?.createdAt ?? 0);
    expect(leftMs).toBeGreaterThan(240_000);
    expect(leftMs).toBeLessThanOrEqual(300_000);
    expect(due?.runAt).toBe(due?.createdAt);
  });

  it('sets aside what makes no promise, with the reason, and makes the others', async () => {
    const { store, application, client } = await open();
    const good = outboxStatements({ type: 'mail' });
    const orphan = outboxStatements({
      type: 'mail',
      dependsOn: ['0190f5fe-7c00-7a00-8000-000000000001'],
    });
    const byHand = (id: string, text: string) => ({
      sql: 'INSERT INTO holdfast_outbox (id, promise, made_at) VALUES (?, ?, 0)',
      args: [id, text],
    });
    await client.batch(
      [
        byHand('0', '{"type":"mail","priority":99}'),
        byHand('1', 'no json'),
        ...orphan.statements,
        ...good.statements,
      ],
      'write',
    );
    expect(await relayOutbox(application, store)).toEqual({ relayed: 1, refused: 3 });
    expect(await store.get(good.id)).toMatchObject({ status: 'pending' });
    const left = await outbox(client);
    expect(left.map(({ refused }) => JSON.parse(String(refused)).code)).toEqual(
      Array.from({ length: 3 }, () => 'input-invalid'),
    );
    expect(await relayOutbox(application, store)).toEqual({ relayed: 0, refused: 0 });
  });

  it('makes each once, however many relays run at the same time', async () => {
    const { store, application, client } = await open();
    const made = Array.from({ length: 1_500 }, (_item, n) =>
      outboxStatements({ type: 'mail', payload: n }),
    );
    await client.batch(
      made.flatMap(({ statements }) => statements),
      'write',
    );
    await Promise.all([1, 2, 3].map(() => relayOutbox(application, store)));
    expect((await store.figures()).byStatus.pending).toBe(1_500);
    expect(await outbox(client)).toEqual([]);
  });

  it.each(['before the promise is made', 'after it is made'])(
    'makes each once when it is killed %s',
    async (when) => {
      const { store, paths, application, client } = await open();
      const made = Array.from({ length: 10 }, (_item, n) =>
        outboxStatements({ type: 'mail', payload: n }),
      );
      await client.batch(
        made.flatMap(({ statements }) => statements),
        'write',
      );
      const script = fileURLToPath(new URL('killed-relay.ts', import.meta.url));
      const child = fork(script, [paths.queue, paths.application, when], {
        execArgv: ['--import', 'tsx'],
      });
      const [, signal] = await once(child, 'exit');
      expect(signal).toBe('SIGKILL');
      expect(await outbox(client)).toHaveLength(10);
      const before = when.startsWith('before') ? 0 : 10;
      expect((await store.figures()).byStatus.pending).toBe(before);
      expect(await relayOutbox(application, store)).toEqual({ relayed: 10, refused: 0 });
      expect((await store.figures()).byStatus.pending).toBe(10);
      expect(await outbox(client)).toEqual([]);
    },
  );

  it('makes the outbox where there is none, and a look at an empty one writes nothing', async () => {
    const { store, application, client } = await open();
    await client.execute('DROP TABLE holdfast_outbox');
    const relay = new OutboxRelay({ application, store, log: silentLog });
    expect(await relay.relay()).toEqual({ relayed: 0, refused: 0 });
    const { id, statements } = outboxStatements({ type: 'mail' });
    await client.batch(statements, 'write');
    expect(await relay.relay()).toEqual({ relayed: 1, refused: 0 });
    expect(await store.get(id)).toMatchObject({ status: 'pending' });
    const labels: string[] = [];
    const stop = application.listen((event) => labels.push(JSON.stringify(event)));
    await relay.relay();
    stop();
    expect(labels.filter((label) => /relayed|migrate/.test(label))).toEqual([]);
  });

  it('is part of a service: in every tick, and as soon as a file has changed', async () => {
    const { directory, paths, client } = await open();
    const mail = defineTask({ type: 'mail', input: z.string(), run: (to) => `sent to ${to}` });
    const env = {
      QUEUE_DATABASE_URL: `file:${paths.queue}`,
      SYSTEM_DATABASE_URL: `file:${join(directory, 'system.db')}`,
      OUTBOX_DATABASE_URL: `file:${paths.application}`,
    };
    const service = await createHoldfast({ tasks: [mail] }).open(env);
    onTestFinished(() => service.close());
    expect(() => service.outboxStatements('mail', 1)).toThrow(/payload/);
    const first = service.outboxStatements(mail, 'Ada');
    await client.batch(first.statements, 'write');
    await service.tick();
    expect(await service.get(first.id)).toMatchObject({ result: 'sent to Ada' });
    service.start();
    await soon(async () => {
      const second = service.outboxStatements(mail, 'Bob');
      await client.batch(second.statements, 'write');
      const kept = async () =>
        expect(await service.get(second.id)).toMatchObject({ result: 'sent to Bob' });
      await vi.waitFor(kept, { timeout: 5_000 });
    });
  });
});
