import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type ClientConfig,
  createClient,
  DatabaseBusyError,
  type DatabaseEvent,
  type HoldfastClient,
  TransactionConflictError,
  TransactionExpiredError,
  WouldDeadlockError,
} from '../../src/db/index.js';
import { tempDir } from '../support/temp-dir.js';
import { openFresh } from './topologies.js';

const CREATE = 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)';
const INSERT = "INSERT INTO notes (text) VALUES ('x')";
const COUNT = 'SELECT count(*) AS count FROM notes';

async function freshClient(options: Partial<ClientConfig> = {}): Promise<HoldfastClient> {
  const client = createClient({ url: `file:${join(tempDir(), 'locks.db')}`, ...options });
  onTestFinished(() => client.close());
  await client.execute(CREATE);
  return client;
}

async function countOf(client: HoldfastClient): Promise<number> {
  const { rows } = await client.execute(COUNT);
  return Number(rows[0]?.count);
}

/** A promise and what settles it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('writers of one process', () => {
  it('are refused at their deadline, told who held the lock and for how long', async () => {
    const events: DatabaseEvent[] = [];
    const database = await openFresh('file', { onEvent: (event) => events.push(event) });
    await database.write([{ sql: CREATE }]);
    const { opened, open } = gate();
    const holding = database.transaction(() => opened, {
      label: 'invoices.import',
      holdMsMax: 60_000,
    });
    const refused = await database
      .write([{ sql: INSERT }], { label: 'notes.add', deadlineMs: 5 })
      .catch((error: unknown) => error);
    open();
    await holding;
    expect(refused).toBeInstanceOf(DatabaseBusyError);
    expect(refused).toMatchObject({
      code: 'database-busy',
      retryable: true,
      label: 'notes.add',
      holder: { label: 'invoices.import' },
    });
    expect((refused as DatabaseBusyError).message).toMatch(
      /invoices\.import has held it for \d+ ms/,
    );
    expect(events.map(({ kind }) => kind)).toContain('deadline-passed');
    expect(database.telemetry().labels['notes.add']).toMatchObject({
      deadlinesPassed: 1,
      failures: 1,
    });
  });

  it('stop waiting when their signal aborts, and nothing of theirs is written', async () => {
    const database = await openFresh('file');
    await database.write([{ sql: CREATE }]);
    const { opened, open } = gate();
    const holding = database.transaction(() => opened);
    const controller = new AbortController();
    const waiting = database.write([{ sql: INSERT }], { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    open();
    await holding;
    const [result] = await database.read([{ sql: COUNT }]);
    expect(result?.rows).toEqual([{ count: 0 }]);
  });

  it('are served in the order in which they came', async () => {
    const database = await openFresh('file');
    await database.write([{ sql: CREATE }]);
    const { opened, open } = gate();
    const holding = database.transaction(() => opened);
    const served: number[] = [];
    const writes = Array.from({ length: 50 }, async (_, at) => {
      await database.write([{ sql: INSERT }]);
      served.push(at);
    });
    open();
    await Promise.all([holding, ...writes]);
    expect(served).toEqual(Array.from({ length: 50 }, (_, at) => at));
    expect(database.telemetry().total.lockWaits).toBeGreaterThanOrEqual(50);
  });

  it('all succeed, however many come at once, and the event loop goes on', async () => {
    const client = await freshClient({ settings: { synchronous: 'off' } });
    let turns = 0;
    let done = false;
    const turn = () => {
      turns += 1;
      if (!done) setImmediate(turn);
    };
    setImmediate(turn);
    await Promise.all(
      Array.from({ length: 500 }, async () => {
        const tx = await client.transaction('write');
        await tx.execute(INSERT);
        await new Promise((resolve) => setImmediate(resolve));
        await tx.commit();
      }),
    );
    done = true;
    expect(await countOf(client)).toBe(500);
    expect(turns).toBeGreaterThan(100);
  });
});

describe('readers', () => {
  it('never wait for a writer, and see no more than what is committed', async () => {
    const client = await freshClient();
    const tx = await client.transaction('write');
    await tx.execute(INSERT);
    expect(await countOf(client)).toBe(0);
    await tx.commit();
    expect(await countOf(client)).toBe(1);
  });

  it('see one state for all statements of a batch', async () => {
    const client = await freshClient();
    const reading = await client.transaction('read');
    expect((await reading.execute(COUNT)).rows[0]?.count).toBe(0);
    await client.execute(INSERT);
    expect((await reading.execute(COUNT)).rows[0]?.count).toBe(0);
    reading.close();
    expect(await countOf(client)).toBe(1);
  });
});

describe('a transaction', () => {
  it('that waits for itself fails at once', async () => {
    const client = await freshClient();
    const waiting = client.withTransaction(async (tx) => {
      await tx.execute(INSERT);
      await client.execute(INSERT);
    });
    await expect(waiting).rejects.toBeInstanceOf(WouldDeadlockError);
    expect(await countOf(client)).toBe(0);
    await client.execute(INSERT);
  });

  it('may go on for as long as nobody waits, and is rolled back once somebody has to', async () => {
    const client = await freshClient({ holdMsMax: 1 });
    const tx = await client.transaction('write');
    await tx.execute(INSERT);
    // Older than its bound, but alone.
    await new Promise((resolve) => setTimeout(resolve, 10));
    await tx.execute(INSERT);
    expect(tx.closed).toBe(false);
    await client.execute("INSERT INTO notes (text) VALUES ('other')");
    await expect(tx.execute(INSERT)).rejects.toBeInstanceOf(TransactionExpiredError);
    await expect(tx.commit()).rejects.toBeInstanceOf(TransactionExpiredError);
    expect(tx.closed).toBe(true);
    expect((await client.execute('SELECT text FROM notes')).rows).toMatchObject([
      { text: 'other' },
    ]);
    expect(client.telemetry().transactionsExpired).toBe(1);
  });

  it('that began to read and then writes goes on when nobody has committed', async () => {
    const client = await freshClient();
    const tx = await client.transaction('deferred');
    await tx.execute(COUNT);
    await tx.execute(INSERT);
    await tx.commit();
    expect(await countOf(client)).toBe(1);
  });

  it('that wrote on what has changed is a conflict, and is run again when asked', async () => {
    const url = `file:${join(tempDir(), 'conflict.db')}`;
    const client = await freshClient({ url });
    const stale = await client.transaction('deferred');
    await stale.execute(COUNT);
    await client.execute(INSERT);
    await expect(stale.execute(INSERT)).rejects.toBeInstanceOf(TransactionConflictError);
    expect(stale.closed).toBe(true);

    let runs = 0;
    const seen = await client.withTransaction(
      async (tx) => {
        runs += 1;
        const { rows } = await tx.execute(COUNT);
        const other = createClient({ url });
        if (runs === 1) await other.execute(INSERT);
        other.close();
        await tx.execute(INSERT);
        return rows[0]?.count;
      },
      { mode: 'deferred', conflictRetries: 2 },
    );
    expect({ runs, seen }).toEqual({ runs: 2, seen: 2 });
    expect(await countOf(client)).toBe(3);
  });

  it('ended by its own error lets the next one in', async () => {
    const client = await freshClient();
    await client.execute(INSERT);
    const tx = await client.transaction('write');
    await expect(tx.execute('INSERT OR ROLLBACK INTO notes (id) VALUES (1)')).rejects.toMatchObject(
      {
        code: 'SQLITE_CONSTRAINT',
      },
    );
    expect(tx.closed).toBe(true);
    await client.execute(INSERT);
    expect(await countOf(client)).toBe(2);
  });
});

describe('a connection', () => {
  it('that was poisoned is replaced and counted, and nothing acknowledged is lost', async () => {
    const client = await freshClient();
    await client.execute(INSERT);
    await client.execute('EXPLAIN INSERT INTO notes (text) VALUES (1)');
    await client.batch(['SELECT 1', COUNT], 'read');
    await client.execute(INSERT);
    expect(await countOf(client)).toBe(2);
  });
});
