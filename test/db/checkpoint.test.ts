import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createClient, type DatabaseEvent } from '../../src/db/index.js';
import { childProgram } from '../support/child-program.js';
import { tempDir } from '../support/temp-dir.js';
import { openFresh } from './topologies.js';

const RACER = childProgram('test/db/checkpoint-racer.ts');
/** HOLDFAST_RACE_ROUNDS=2000 makes the race a long one. */
const ROUNDS = Number(process.env.HOLDFAST_RACE_ROUNDS ?? 100);

async function start(url: string, role: string): Promise<ChildProcess> {
  const child = fork(RACER.path, [url, role, String(ROUNDS)]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child, 'message');
  return child;
}

it('two processes that take turns at checkpoints, while a third commits, lose and corrupt nothing (F9)', async () => {
  const url = `file:${join(tempDir(), 'race.db')}`;
  const client = createClient({ url });
  onTestFinished(() => client.close());
  await client.execute('CREATE TABLE rows (at INTEGER PRIMARY KEY, filler TEXT)');
  const [first, second, writer] = await Promise.all([
    start(url, 'checkpoint'),
    start(url, 'checkpoint'),
    start(url, 'commit'),
  ]);
  for (let round = 0; round < ROUNDS; round += 1) {
    const turn = round % 2 === 0 ? first : second;
    const answered = once(turn, 'message');
    turn.send('round');
    const [outcome] = await answered;
    expect(['done', 'partial']).toContain(outcome);
  }
  const told = once(writer, 'message');
  writer.send('end');
  const [acknowledged] = await told;
  first.send('end');
  second.send('end');
  const { rows } = await client.execute(
    'SELECT count(*) AS count, sum(length(filler)) AS bytes FROM rows',
  );
  expect(rows).toMatchObject([{ count: acknowledged, bytes: acknowledged * 500 }]);
  expect((await client.execute('PRAGMA integrity_check')).rows).toMatchObject([
    { integrity_check: 'ok' },
  ]);
});

it('a round starts by itself when the WAL has passed its bound, and the WAL shrinks with the next write', async () => {
  const rounds: DatabaseEvent[] = [];
  const database = await openFresh('file', {
    settings: { synchronous: 'off', journalSizeLimitBytes: 65_536 },
    checkpoints: { walBytesMax: 1_048_576 },
  });
  await database.write([{ sql: 'CREATE TABLE rows (filler TEXT)' }]);
  const begun = new Promise<void>((resolve) => {
    database.listen((event) => {
      if (event.kind !== 'checkpoint') return;
      rounds.push(event);
      resolve();
    });
  });
  const insert = { sql: 'INSERT INTO rows VALUES (?1)', args: ['x'.repeat(50_000)] };
  let passed = false;
  void begun.then(() => {
    passed = true;
  });
  while (!passed) {
    await database.write([insert]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await database.write([insert]);
  const [event] = rounds;
  expect(event).toMatchObject({ kind: 'checkpoint', checkpoint: { outcome: 'done', busy: false } });
  const { walBytes } = await database.verify();
  expect(walBytes).toBeLessThan(1_048_576);
  expect(database.telemetry()).toMatchObject({ lastCheckpoint: { outcome: 'done' } });
});

it('a round that a reader is in the way of is partial, and the next one goes on', async () => {
  const url = `file:${join(tempDir(), 'pinned.db')}`;
  const client = createClient({ url });
  onTestFinished(() => client.close());
  await client.execute('CREATE TABLE rows (at INTEGER)');
  const reading = await client.transaction('read');
  await reading.execute('SELECT * FROM rows');
  await client.execute('INSERT INTO rows VALUES (1)');
  expect(await client.checkpoint()).toMatchObject({ outcome: 'partial' });
  reading.close();
  expect(await client.checkpoint()).toMatchObject({ outcome: 'done' });
});

it('PRAGMA wal_checkpoint of the drop-in is such a round, whatever its mode', async () => {
  const client = createClient({ url: `file:${join(tempDir(), 'pragma.db')}` });
  onTestFinished(() => client.close());
  await client.execute('CREATE TABLE rows (at INTEGER)');
  const { rows } = await client.execute('PRAGMA wal_checkpoint(TRUNCATE)');
  expect(rows).toMatchObject([{ busy: 0 }]);
  expect(client.telemetry().checkpoints).toBe(1);
});

it('checkpoints that are switched off do not happen', async () => {
  const database = await openFresh('file', { checkpoints: { enabled: false } });
  expect(await database.checkpoint()).toMatchObject({ outcome: 'skipped' });
});
