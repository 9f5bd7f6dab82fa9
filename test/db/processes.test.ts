import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import {
  createClient,
  DatabaseBusyError,
  type HoldfastClient,
  openDatabase,
} from '../../src/db/index.js';
import { childProgram } from '../support/child-program.js';
import { holdLock } from '../support/held-lock.js';
import { tempDir } from '../support/temp-dir.js';

const WRITER = childProgram('test/db/process-writer.ts');
const HOLDER = childProgram('test/db/process-holder.ts');
const SHORT_LIFE = childProgram('test/db/short-life.ts');
const CREATE = 'CREATE TABLE rows (writer TEXT, at INTEGER, PRIMARY KEY (writer, at))';

function start(program: { readonly path: string }, ...args: string[]): ChildProcess {
  const child = fork(program.path, args);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

async function freshFile(): Promise<{ url: string; client: HoldfastClient }> {
  const url = `file:${join(tempDir(), 'shared.db')}`;
  const client = createClient({ url });
  onTestFinished(() => client.close());
  await client.execute(CREATE);
  return { url, client };
}

it('processes that write to one file at once meet no error and lose no row', async () => {
  const { url, client } = await freshFile();
  const children = ['a', 'b', 'c', 'd'].map((name) => start(WRITER, url, name, '100'));
  await Promise.all(children.map((child) => once(child, 'message')));
  const answers = children.map((child) => once(child, 'message'));
  for (const child of children) child.send('go');
  const told = (await Promise.all(answers)).map(
    ([answer]) => answer as { acknowledged: number[]; errors: number },
  );
  expect(told.map(({ errors }) => errors)).toEqual([0, 0, 0, 0]);
  expect(told.map(({ acknowledged }) => acknowledged.length)).toEqual([100, 100, 100, 100]);
  const { rows } = await client.execute('SELECT count(*) AS count FROM rows');
  expect(rows[0]?.count).toBe(400);
  expect((await client.execute('PRAGMA integrity_check')).rows).toMatchObject([
    { integrity_check: 'ok' },
  ]);
});

it('a lock that another process holds is waited for, and its deadline says so', async () => {
  const { url, client } = await freshFile();
  const holder = start(HOLDER, url);
  await once(holder, 'message');
  const hasty = createClient({ url, deadlineMs: 20 });
  onTestFinished(() => hasty.close());
  const refused = await hasty
    .execute("INSERT INTO rows VALUES ('hasty', 0)")
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DatabaseBusyError);
  expect(refused).toMatchObject({ holder: { label: 'another process' } });
  const waiting = client.execute("INSERT INTO rows VALUES ('patient', 0)");
  holder.send('commit');
  await waiting;
  const { rows } = await client.execute('SELECT writer FROM rows ORDER BY writer');
  expect(rows).toMatchObject([{ writer: 'holder' }, { writer: 'patient' }]);
});

it('a file is opened and read while another process holds its lock', async () => {
  const url = `file:${join(tempDir(), 'held.db')}`;
  const options = { name: 'queue', url, profile: 'queue' } as const;
  await (await openDatabase(options)).close();
  const holder = await holdLock(url);
  const database = await openDatabase({ ...options, settings: { busyDeadlineMs: 100 } });
  onTestFinished(() => database.close());
  const [found] = await database.read([{ sql: 'PRAGMA auto_vacuum' }]);
  // As the file was made: incremental.
  expect(found?.rows).toMatchObject([{ auto_vacuum: 2 }]);
  expect(database.telemetry().total.busy).toBe(0);
  await holder.letGo();
});

it('a process killed in its transaction leaves nothing of it, and no lock', async () => {
  const { url, client } = await freshFile();
  const holder = start(HOLDER, url);
  await once(holder, 'message');
  const waiting = client.execute("INSERT INTO rows VALUES ('survivor', 0)");
  holder.kill('SIGKILL');
  await waiting;
  const { rows } = await client.execute('SELECT writer FROM rows');
  expect(rows).toMatchObject([{ writer: 'survivor' }]);
});

it('close() lets the process end, and so does forgetting it', async () => {
  const { url } = await freshFile();
  for (const last of ['close', 'forget']) {
    const child = start(SHORT_LIFE, url, last);
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  }
});
