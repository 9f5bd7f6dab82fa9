import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Transaction } from '@libsql/core/api';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  CircuitOpenError,
  CommitUnknownError,
  createClient,
  type Database,
  DatabaseBusyError,
  type OpenOptions,
  openDatabase,
} from '../../src/db/index.js';
import {
  carryOut,
  connectionRefused,
  connectionReset,
  expire,
  FakeServer,
  JumpingClock,
  refuseBusy,
} from './fake-server.js';

let ports = 1_000;

/** Each test has an address of its own: what is known of a server is shared by its address. */
function open(server: FakeServer, options: Partial<OpenOptions> = {}): Promise<Database> {
  ports += 1;
  return openDatabase({
    name: 'far',
    url: `http://127.0.0.1:${ports}`,
    profile: 'queue',
    clock: new JumpingClock(),
    random: () => 0.5,
    fetch: server.fetch,
    ...options,
  });
}

const read = (database: Database) => database.read([{ sql: 'SELECT 1' }], { label: 'look' });
const write = (database: Database, idempotent = false) =>
  database.write([{ sql: 'INSERT INTO t VALUES (1)' }], { label: 'add', idempotent });

describe('a server that fails', () => {
  it.each([429, 502])(
    'for ten minutes with %i is asked at most 1.2 times a call',
    async (status) => {
      const server = new FakeServer(new Response('no', { status }));
      const clock = new JumpingClock();
      const database = await open(server, { clock });
      const endsAt = clock.now() + 600_000;
      let calls = 0;
      const codes = new Set<string>();
      while (clock.now() < endsAt) {
        calls += 1;
        await (calls % 2 === 0 ? write(database, true) : read(database)).catch(
          (error: { code: string }) => codes.add(error.code),
        );
        await clock.sleep(500);
      }
      expect(calls).toBeGreaterThan(1_000);
      expect(server.requests.length / calls).toBeLessThanOrEqual(1.2);
      expect(codes).toContain('database-unavailable');
      // It is well again: the next probe closes the circuit, and calls go through.
      server.otherwise = carryOut;
      await clock.sleep(60_000);
      await read(database);
      await write(database);
      expect(database.telemetry().circuit).toBe('closed');
    },
  );

  it('is asked again only when that is safe', async () => {
    const server = new FakeServer();
    const database = await open(server);
    server.next.push(connectionReset());
    await read(database);
    expect(server.requests).toHaveLength(2);
    server.next.push(connectionRefused());
    await write(database);
    expect(server.requests).toHaveLength(4);
    server.next.push(connectionReset());
    await expect(write(database)).rejects.toBeInstanceOf(CommitUnknownError);
    expect(server.requests).toHaveLength(5);
    server.next.push(new Response('bad gateway', { status: 502 }));
    await write(database, true);
    expect(server.requests).toHaveLength(7);
    expect(database.telemetry().total.retries).toBe(3);
  });

  it.each([
    ['refuses the connection', () => connectionRefused()],
    ['has had enough', () => new Response('slow down', { status: 429 })],
    ['takes no token', () => new Response('who are you', { status: 401 })],
  ])('may have done what was lost once, though later it %s', async (_how, refusal) => {
    const server = new FakeServer(refusal());
    const database = await open(server, { clock: new JumpingClock() });
    server.next.push(connectionReset());
    await expect(write(database, true)).rejects.toBeInstanceOf(CommitUnknownError);
    // Nothing was lost of the next one.
    await expect(write(database, true)).rejects.not.toBeInstanceOf(CommitUnknownError);
  });

  it('is in doubt also of a write that its circuit kept back after the answer was lost', async () => {
    const server = new FakeServer(connectionRefused());
    const database = await open(server, { clock: new JumpingClock() });
    server.next.push(...Array.from({ length: 5 }, () => connectionReset()));
    for (let call = 0; call < 4; call += 1) await write(database).catch(() => {});
    const lost = await write(database, true).catch((error: unknown) => error);
    expect(lost).toBeInstanceOf(CommitUnknownError);
    expect((lost as CommitUnknownError).cause).toBeInstanceOf(CircuitOpenError);
  });

  it('says of what was lost that a row is in its way: it may be its own', async () => {
    const server = new FakeServer(async (request) => {
      const busy = await (await refuseBusy(request)).text();
      return new Response(busy.replaceAll('SQLITE_BUSY', 'SQLITE_CONSTRAINT'));
    });
    const database = await open(server, { clock: new JumpingClock() });
    server.next.push(connectionReset());
    await expect(write(database, true)).rejects.toMatchObject({ code: 'constraint-violated' });
  });

  it('could never do what is no SQL, whatever was lost before', async () => {
    const server = new FakeServer(new Response('no such thing', { status: 400 }));
    const database = await open(server, { clock: new JumpingClock() });
    server.next.push(connectionReset());
    await expect(write(database, true)).rejects.toMatchObject({ code: 'sql-invalid' });
  });

  it('opens the circuit, which fails at once and then sends one probe', async () => {
    const server = new FakeServer(connectionRefused());
    const clock = new JumpingClock();
    const database = await open(server, { clock });
    const states: string[] = [];
    database.listen((event) => event.kind === 'circuit-changed' && states.push(event.state));
    for (let call = 0; call < 5; call += 1) await read(database).catch(() => {});
    const before = server.requests.length;
    const refused = await read(database).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CircuitOpenError);
    expect((refused as CircuitOpenError).probeInMs).toBeGreaterThan(0);
    expect(server.requests).toHaveLength(before);
    server.otherwise = carryOut;
    await clock.sleep(30_000);
    await Promise.all([read(database), read(database).catch(() => {})]);
    await read(database);
    expect(states.at(0)).toBe('open');
    expect(states.at(-1)).toBe('closed');
  });

  it('says when to come again, and is obeyed', async () => {
    const server = new FakeServer();
    const clock = new JumpingClock();
    const database = await open(server, { clock });
    const startedAt = clock.now();
    server.next.push(new Response('slow down', { status: 429, headers: { 'retry-after': '7' } }));
    await read(database);
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(7_000);
    server.next.push(new Response('slow down', { status: 429, headers: { 'retry-after': '600' } }));
    await expect(read(database)).rejects.toMatchObject({
      code: 'database-rate-limited',
      details: { retryAfterMs: 600_000 },
    });
  });
});

it('a busy server is asked again until the deadline', async () => {
  const server = new FakeServer();
  const database = await open(server);
  server.next.push(refuseBusy, refuseBusy);
  await write(database);
  expect(server.requests).toHaveLength(3);
  server.otherwise = refuseBusy;
  const refused = await database
    .write([{ sql: 'INSERT INTO t VALUES (1)' }], { deadlineMs: 2_000 })
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DatabaseBusyError);
  expect(database.telemetry().total.busy).toBeGreaterThan(5);
});

it('a batch whose transaction the server gave up for others is sent again, and ends no process', async () => {
  const server = new FakeServer();
  const database = await open(server);
  server.next.push(expire, expire);
  await write(database);
  expect(server.requests).toHaveLength(3);
  server.otherwise = expire;
  await expect(write(database)).rejects.toMatchObject({
    code: 'transaction-expired',
    retryable: true,
  });
});

describe('a transaction', () => {
  const insert = (at: number) => `INSERT INTO t VALUES (${at})`;
  const openClient = (server: FakeServer) => {
    ports += 1;
    const url = `http://127.0.0.1:${ports}`;
    return createClient({ url, clock: new JumpingClock(), fetch: server.fetch });
  };

  it('that the server gave up is run again as a whole, or not at all', async () => {
    const server = new FakeServer();
    const client = openClient(server);
    const run = vi.fn((tx: Pick<Transaction, 'execute'>) => tx.execute(insert(1)));
    server.next.push(expire);
    await expect(client.withTransaction(run)).rejects.toMatchObject({
      code: 'TRANSACTION_TIMEOUT',
    });
    expect(run).toHaveBeenCalledTimes(1);
    server.next.push(expire);
    await client.withTransaction(run, { conflictRetries: 1 });
    expect(run).toHaveBeenCalledTimes(3);
  });

  it('is not begun anew for a statement that came with the first', async () => {
    const server = new FakeServer();
    const tx = await openClient(server).transaction('write');
    server.next.push(carryOut, expire);
    const both = await Promise.allSettled([tx.execute(insert(1)), tx.execute(insert(2))]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expect(tx.commit()).rejects.toMatchObject({ code: 'TRANSACTION_CLOSED' });
    expect(server.requests).toHaveLength(2);
  });

  it('begins with one statement: others wait until BEGIN is not refused', async () => {
    const server = new FakeServer();
    const tx = await openClient(server).transaction('write');
    server.next.push(refuseBusy);
    await Promise.all([tx.execute(insert(1)), tx.execute(insert(2))]);
    await tx.commit();
    const sent = await Promise.all(server.requests.map((request) => request.text()));
    expect(sent.map((body) => [/BEGIN/.test(body), /\((\d)\)/.exec(body)?.[1]])).toEqual([
      [true, '1'],
      [true, '1'],
      [false, '2'],
      [false, undefined],
    ]);
  });

  it('is committed after what was begun before, with it in one request once it has begun', async () => {
    const server = new FakeServer();
    const client = openClient(server);
    const sent = async () => {
      const bodies = await Promise.all(server.requests.splice(0).map((request) => request.text()));
      return bodies.map((body) => body.match(/BEGIN|COMMIT|\(\d\)/g)?.sort());
    };
    const quick = await client.transaction('write');
    const first = quick.execute(insert(1));
    await quick.commit();
    await first;
    expect(await sent()).toEqual([['(1)', 'BEGIN'], ['COMMIT']]);

    const patient = await client.transaction('write');
    await patient.execute(insert(1));
    const second = patient.execute(insert(2));
    await patient.commit();
    await second;
    expect(await sent()).toEqual([
      ['(1)', 'BEGIN'],
      ['(2)', 'COMMIT'],
    ]);
  });

  it('that is closed while BEGIN is refused is not begun again', async () => {
    const server = new FakeServer();
    const tx = await openClient(server).transaction('write');
    server.next.push(async (request) => {
      tx.close();
      return await refuseBusy(request);
    });
    await expect(tx.execute(insert(1))).rejects.toMatchObject({ code: 'TRANSACTION_CLOSED' });
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['busy', refuseBusy],
    ['given up', expire],
  ])('of a script is sent again when it is %s, several are not', async (_why, refuse) => {
    const server = new FakeServer();
    const client = openClient(server);
    server.next.push(refuse);
    await client.executeMultiple(`BEGIN; ${insert(1)}; ${insert(2)}; COMMIT`);
    expect(server.requests).toHaveLength(2);
    server.next.push(refuse);
    await expect(client.executeMultiple(`${insert(1)}; ${insert(2)}`)).rejects.toMatchObject({
      code: 'commit-unknown',
    });
    expect(server.requests).toHaveLength(3);
  });
});

it('a token is asked for again, once, when the server refuses it', async () => {
  const server = new FakeServer((request) =>
    request.headers.get('authorization') === 'Bearer good'
      ? carryOut(request)
      : new Response('who are you', { status: 401 }),
  );
  const tokens = ['old', 'good'];
  let asked = 0;
  const database = await open(server, { authToken: () => tokens[asked++] ?? 'bad' });
  await read(database);
  await read(database);
  expect(asked).toBe(2);
  expect(server.requests).toHaveLength(3);
  const stubborn = await open(new FakeServer(new Response('no', { status: 401 })), {
    authToken: () => 'bad',
  });
  await expect(read(stubborn)).rejects.toMatchObject({ code: 'database-auth', retryable: false });
});

it('a server that never answers is given up at the timeout (R4)', async () => {
  const silent = createServer(() => {});
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const database = await openDatabase({ name: 'far', url, profile: 'queue', requestTimeoutMs: 30 });
  const lost = database.write([{ sql: 'SELECT 1' }], { deadlineMs: 5_000 });
  await expect(lost).rejects.toBeInstanceOf(CommitUnknownError);
  const late = database.read([{ sql: 'SELECT 1' }], { deadlineMs: 40 });
  await expect(late).rejects.toMatchObject({ code: 'database-timeout' });
});

it('an answer that never ends is given up at the timeout, also when fetch has forgotten its signal', async () => {
  const endless = () => new ReadableStream({ pull: (body) => body.enqueue(new Uint8Array([32])) });
  const forgetful = {
    'before the headers': () => new Promise<Response>(() => {}),
    'in the body': async () => new Response(endless().pipeThrough(slowly())),
  };
  for (const [when, fetch] of Object.entries(forgetful)) {
    ports += 1;
    const url = `http://127.0.0.1:${ports}`;
    const database = await openDatabase({
      name: 'far',
      url,
      profile: 'queue',
      requestTimeoutMs: 30,
      fetch,
    });
    const lost = database.read([{ sql: 'SELECT 1' }], { deadlineMs: 40, label: when });
    await expect(lost).rejects.toMatchObject({ code: 'database-timeout' });
  }
});

/** A byte now and then. */
function slowly() {
  return new TransformStream<Uint8Array, Uint8Array>({
    async transform(part, body) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      body.enqueue(part);
    },
  });
}

it('at most two writes and twenty reads are under way at once (R11)', async () => {
  let underWay = 0;
  let most = 0;
  const server = new FakeServer(async (request) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    return await carryOut(request);
  });
  const database = await open(server);
  await Promise.all(Array.from({ length: 50 }, () => write(database)));
  expect(most).toBe(2);
  await Promise.all(Array.from({ length: 50 }, () => read(database)));
  expect(most).toBe(20);
});

it('rows that the server read and wrote are counted by label (R8)', async () => {
  const database = await open(new FakeServer());
  await write(database);
  expect(database.telemetry().labels.add).toMatchObject({ rowsRead: 12, rowsWritten: 8 });
});

describe('the drop-in on a server', () => {
  it('reports a lost write as unknown, and asks a lost read again', async () => {
    const server = new FakeServer();
    ports += 1;
    const clock = new JumpingClock();
    const client = createClient({ url: `http://127.0.0.1:${ports}`, clock, fetch: server.fetch });
    server.next.push(connectionReset());
    await client.execute('SELECT 1');
    server.next.push(connectionReset());
    await expect(client.execute('INSERT INTO t VALUES (1)')).rejects.toBeInstanceOf(
      CommitUnknownError,
    );
    server.next.push(refuseBusy);
    await client.batch(['INSERT INTO t VALUES (1)']);
    expect(server.requests).toHaveLength(5);
  });
});
