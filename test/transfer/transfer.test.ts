import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '#functions/platform';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations, verifyLines } from '../../src/promises/index.js';
import { openService } from '../http/fixture.js';
import { holdfast } from '../support/command.js';
import { openQueue } from '../support/queue.js';
import { type Sqld, startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';
import { bring, exported, fill, roundTripContract } from './round-trip.suite.js';

describe('from file to file', () => {
  roundTripContract(async () => ({ from: await openQueue(), to: await openQueue() }));
});

describe('from file to libsql-server', () => {
  let sqld: Sqld;
  let to: Database;

  beforeAll(async () => {
    sqld = await startSqld();
    to = await openDatabase({ name: 'queue', url: sqld.url, profile: 'queue' });
    await migrate(to, promiseMigrations);
  });

  afterAll(async () => {
    await to.close();
    await sqld.stop();
  });

  roundTripContract(async () => {
    const [tables] = await to.read([
      {
        sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_migrations'",
      },
    ]);
    const names = (tables?.rows ?? []).map((row) => String(row.name)).filter(isOurs);
    await to.write(names.map((name) => ({ sql: `DELETE FROM ${name}` })));
    return { from: await openQueue(), to };
  });
});

const KEY = `a:${randomBytes(32).toString('base64')}`;

const isOurs = (name: string) => !name.startsWith('sqlite_') && !name.startsWith('libsql_');

describe('an export that is not whole', () => {
  const change = (lines: readonly string[], at: number, from: string, to: string) =>
    lines.map((line, index) => (index === at ? line.replace(from, to) : line));

  it.each([
    ['has no last line', (lines: string[]) => lines.slice(0, -1), 'export-incomplete'],
    ['lacks a line', (lines: string[]) => lines.filter((_, n) => n !== 3), 'export-incomplete'],
    ['goes on after its end', (lines: string[]) => [...lines, lines[1] ?? ''], 'export-incomplete'],
    [
      'was changed',
      (lines: string[]) => lines.map((line) => line.replace('"keyed"', '"kexed"')),
      'export-incomplete',
    ],
    ['is cut in a line', (lines: string[]) => [...lines.slice(0, 2), '{"ki'], 'input-invalid'],
    ['is something else', () => ['{"hello":"world"}'], 'input-invalid'],
    ['begins in the middle', (lines: string[]) => lines.slice(1), 'input-invalid'],
    [
      'is of a newer release',
      (lines: string[]) => change(lines, 0, '"version":3', '"version":4'),
      'input-invalid',
    ],
    [
      'has a field that nobody knows',
      (lines: string[]) => change(lines, 1, '{', '{"extra":1,'),
      'input-invalid',
    ],
    ['is empty', () => [], 'export-incomplete'],
  ])('is refused when it %s', async (_what, spoil, code) => {
    const database = await openQueue();
    await fill(database);
    const lines = spoil(await exported(database));
    await expect(verifyLines(lines, sha256())).rejects.toMatchObject({ code });
    const imported = bring(await openQueue(), lines);
    await expect(imported).rejects.toMatchObject({ code });
  });

  it.each(['payload', 'result', 'state', 'metadata', 'backoff', 'error', 'progress'])(
    'is refused with its line when a %s in it is not JSON, and nothing of it is kept',
    async (field) => {
      const database = await openQueue();
      await fill(database);
      const lines = await exported(database);
      const at = lines.findIndex((line) => line.includes('"kind":"promise"'));
      lines[at] = JSON.stringify({ ...JSON.parse(lines[at] ?? ''), [field]: '{"cut":' });
      const issue = { rule: 'must be a text of JSON', received: '"{\\"cut\\":"' };
      const refused = { issues: [{ path: `line ${at + 1}.${field}`, ...issue }] };
      await expect(verifyLines(lines, sha256())).rejects.toMatchObject(refused);
      const to = await openQueue();
      const imported = bring(to, lines);
      await expect(imported).rejects.toMatchObject(refused);
      const [kept] = await to.read([{ sql: 'SELECT id FROM promises' }]);
      expect(kept?.rows).toEqual([]);
    },
  );

  const BASE = { queue: 1, 'paused-type': 1, schedule: 1, occurrence: 1, promise: 9 };

  it.each([
    [1, 'callbacks and subscriptions', BASE],
    [2, 'origins and sends', { ...BASE, subscription: 1, callback: 1 }],
  ])('is passed when it is of version %i, without %s', async (version, _without, counts) => {
    const database = await openQueue();
    await fill(database);
    const own = (await exported(database)).map((line) => JSON.parse(line)).slice(0, -1);
    const kinds = ['holdfast-export', ...Object.keys(counts)];
    const lines = own
      .filter(({ kind }) => kinds.includes(kind))
      .map((line) => JSON.stringify(line.kind === 'holdfast-export' ? { ...line, version } : line));
    const digest = sha256();
    for (const line of lines) await digest.update(`${line}\n`);
    const whole = [
      ...lines,
      JSON.stringify({ kind: 'end', lines: counts, digest: await digest.value() }),
    ];
    expect(await verifyLines(whole, sha256())).toMatchObject(counts);
  });

  it('is passed when it is whole', async () => {
    const database = await openQueue();
    await fill(database);
    expect(await verifyLines(await exported(database), sha256())).toMatchObject({ promise: 9 });
  });
});

it('every column of a promise is exported, or is of this database alone', async () => {
  const database = await openQueue();
  await fill(database);
  const [columns] = await database.read([
    { sql: "SELECT name FROM pragma_table_info('promises')" },
  ]);
  const line = (await exported(database))
    .map((text) => JSON.parse(text))
    .findLast(({ kind }) => kind === 'promise');
  const own = [
    'seq',
    'payload_length',
    'claim',
    'lease_ms',
    'lease_expires_at',
    'heartbeat_at',
    'release_due',
    'retried_by',
  ];
  const names = (columns?.rows ?? []).map((row) => String(row.name));
  expect(names.filter((name) => !(name in line) && !own.includes(name))).toEqual([]);
});

it('origins come over as they are stored, and are told where their key is', async () => {
  const service = await openService({ env: { HOLDFAST_ENCRYPTION_KEYS: KEY } });
  const promise = {
    type: 'of-others',
    origin: { channel: 'webhook', url: 'https://example.com/o' },
  };
  const { body } = await service.ask('POST', '/v1/promises', { body: promise });
  const to = await openService({ env: { HOLDFAST_ENCRYPTION_KEYS: KEY } });
  const { body: text } = await service.ask('GET', '/v1/export');
  const headers = { 'Content-Type': 'application/x-ndjson' };
  const done = await to.ask('POST', '/v1/import', { text, headers });
  expect(done.body.report.origin).toEqual({ imported: 1, known: 0, conflicts: 0 });
  const stored = { sql: 'SELECT origin FROM origins' };
  const [before, after] = await Promise.all(
    [service, to].map(async ({ services }) => (await services.queue.read([stored]))[0]?.rows),
  );
  expect(after).toEqual(before);
  await to.ask('POST', `/v1/promises/${body.id}/cancel`);
  const told = await to.ask('GET', '/v1/promises?type=notify');
  expect(told.body.data).toMatchObject([{ payload: { event: { promise: body.id } } }]);
});

it('pages go by text as well as by rows', async () => {
  const database = await openQueue();
  const store = new PromiseStore(database);
  const payload = 'x'.repeat(900_000);
  await store.enqueue(Array.from({ length: 7 }, () => ({ id: uuidv7(), type: 'large', payload })));
  const to = await openQueue();
  const report = await bring(to, await exported(database));
  expect(report.promise.imported).toBe(7);
});

it('others get a turn while lines are checked, written and read', async () => {
  const [from, to] = [await openQueue(), await openQueue()];
  const payload = 'x'.repeat(100_000);
  const items = Array.from({ length: 60 }, () => ({ id: uuidv7(), type: 'large', payload }));
  await new PromiseStore(from).enqueue(items);
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  count();
  const during = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const before = turns;
    return [await work(), turns - before];
  };
  const [lines, whileRead] = await during(() => exported(from));
  const [, whileChecked] = await during(() => verifyLines(lines, sha256()));
  const [, whileWritten] = await during(() => bring(to, lines));
  isOver = true;
  // 6 MB are 3 pages, and 24 times 250,000 characters.
  expect(whileRead).toBeGreaterThanOrEqual(3);
  expect(whileChecked).toBeGreaterThanOrEqual(20);
  expect(whileWritten).toBeGreaterThanOrEqual(20);
});

it('the command writes a file, checks it, and brings it in', async () => {
  const directory = tempDir();
  const command = (place: string, ...args: string[]) =>
    holdfast(args, directory, {
      QUEUE_DATABASE_URL: `file:${join(directory, place, 'queue.db')}`,
      SYSTEM_DATABASE_URL: `file:${join(directory, place, 'system.db')}`,
    });
  await command('a', 'migrate');
  const database = await openQueue(join(directory, 'a', 'queue.db'));
  await fill(database);
  const file = join(directory, 'out.ndjson');
  expect((await command('a', 'export', file)).stderr).toContain('out.ndjson: 19 lines');
  const printed = await command('a', 'export');
  expect(printed.stdout.trimEnd().split('\n')).toHaveLength(19);
  expect((await command('b', 'import', '--check', file)).stdout).toContain('whole: 1 queue');
  expect((await command('b', 'import', file)).stdout).toContain('promise: 9 imported, 0 known');
  expect((await command('b', 'import', file)).stdout).toContain('promise: 0 imported, 9 known');
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, -10));
  const cut = await command('b', 'import', file);
  expect(cut).toMatchObject({ code: 1, stderr: expect.stringContaining('line 19') });
});
