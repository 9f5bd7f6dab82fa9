import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { readSettings } from '../../functions/env.js';
import { checkDatabase } from '../../functions/verification/databases.js';
import { type Check, verify } from '../../functions/verify.js';
import { systemClock } from '../../src/core/index.js';
import type { Database } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations } from '../../src/promises/index.js';
import { AesVault, type AnyTask, defineTask, TaskRegistry } from '../../src/tasks/index.js';
import { house, MINUTE } from '../maintenance/fixture.js';
import { makePlace, openPair, PLACES, type Place } from '../maintenance/place.js';
import { holdfast } from '../support/command.js';
import { freePort } from '../support/free-port.js';
import { startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';

const KEY = Buffer.alloc(32, 7).toString('base64');

async function checked(
  env: Readonly<Record<string, string>>,
  tasks: readonly AnyTask[] = [],
): Promise<Map<string, Check>> {
  const settings = readSettings(env, 'node');
  const checks = await verify({ settings, tasks, promise: true });
  return new Map(checks.map((check) => [check.name, check]));
}

function envOf({ queueUrl, systemUrl }: Place, more: Readonly<Record<string, string>> = {}) {
  return { QUEUE_DATABASE_URL: queueUrl, SYSTEM_DATABASE_URL: systemUrl, ...more };
}

function statesOf(checks: ReadonlyMap<string, Check>): Record<string, string> {
  return Object.fromEntries([...checks].map(([name, { state }]) => [name, state]));
}

/** Lets maintenance run as a cron does, at a time so long ago. */
async function tick(place: Place, agoMs: number): Promise<void> {
  const at = systemClock.now() - agoMs;
  const { maintenance } = house(await openPair(place), systemClock, () => at);
  await maintenance().runDue({ budgetMs: MINUTE });
}

describe.each(PLACES)('on %s', (kind) => {
  it('all is well once the cron has ticked, and a late one is told', async () => {
    const place = await makePlace(kind);
    const env = envOf(place, { HOLDFAST_API_KEY: 'k'.repeat(32) });
    const before = await checked(env);
    expect(before.get('cron')).toMatchObject({ state: 'warning', found: 'never seen' });
    await tick(place, 60 * MINUTE);
    expect((await checked(env)).get('cron')?.found).toMatch(/^last seen 1h/);
    await tick(place, 0);
    const after = await checked(env);
    expect(statesOf(after)).toEqual({
      'queue: reachable': 'ok',
      'queue: migrated': 'ok',
      'queue: settings': 'ok',
      'queue: clock': 'ok',
      'system: reachable': 'ok',
      'system: migrated': 'ok',
      'system: settings': 'ok',
      'system: clock': 'ok',
      'API key': 'ok',
      'encryption keys': 'ok',
      cron: 'ok',
      promise: 'ok',
    });
    const managed = after.get('queue: settings')?.found === 'managed by the server';
    expect(managed).toBe(kind === 'servers');
  });
});

describe('what is missing', () => {
  it('is a schema: nothing is migrated, and what needs it is left out', async () => {
    const servers = [await startSqld(), await startSqld()];
    onTestFinished(async () => {
      await Promise.all(servers.map((server) => server.stop('SIGKILL')));
    });
    const [queueUrl = '', systemUrl = ''] = servers.map(({ url }) => url);
    const checks = await checked({ QUEUE_DATABASE_URL: queueUrl, SYSTEM_DATABASE_URL: systemUrl });
    expect(checks.get('queue: migrated')).toMatchObject({
      state: 'fault',
      found: expect.stringContaining('not applied: 1 promises'),
      advice: expect.stringContaining('holdfast migrate'),
    });
    expect(checks.get('promise')?.state).toBe('skipped');
    expect(checks.get('cron')?.state).toBe('skipped');
    expect(checks.get('API key')).toMatchObject({
      state: 'warning',
      found: expect.stringContaining('a Worker does not answer without it'),
    });
  });

  it('is a server', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const checks = await checked({ QUEUE_DATABASE_URL: url, SYSTEM_DATABASE_URL: url });
    expect(checks.get('queue: reachable')?.state).toBe('fault');
    expect(checks.get('promise')?.state).toBe('skipped');
  });

  it('is a file, and it is not made', async () => {
    const directory = tempDir();
    const url = `file:${join(directory, 'queue.db')}`;
    const checks = await checked({ QUEUE_DATABASE_URL: url, SYSTEM_DATABASE_URL: url });
    expect(checks.get('queue: reachable')?.found).toContain('there is no file');
    expect(checks.has('promise')).toBe(false);
  });

  it('is the API key beyond loopback', async () => {
    const checks = await checked(envOf(await makePlace('files'), { HOST: '0.0.0.0' }));
    expect(checks.get('API key')?.state).toBe('fault');
  });

  it('is an encryption key: of a task, or of what was encrypted before', async () => {
    const secret = defineTask({
      type: 'secret',
      input: z.string(),
      protect: { encrypt: true },
      run: () => null,
    });
    const place = await makePlace('files');
    const found = (await checked(envOf(place), [secret])).get('encryption keys');
    expect(found).toMatchObject({ state: 'fault', found: expect.stringContaining('"secret"') });
    const { queue } = await openPair(place);
    const key = { id: 'old', bytes: new Uint8Array(Buffer.from(KEY, 'base64')) };
    const store = new PromiseStore(queue, {
      vault: new AesVault([key], new TaskRegistry([secret])),
    });
    const id = uuidv7();
    await store.enqueue([{ id, type: 'secret', payload: 'hush' }]);
    const other = Buffer.alloc(32, 8).toString('base64');
    const lost = await checked(envOf(place, { HOLDFAST_ENCRYPTION_KEYS: `new:${other}` }), [
      secret,
    ]);
    expect(lost.get('encryption keys')).toMatchObject({
      state: 'fault',
      found: `1 of the newest 2 promises cannot be opened, such as ${id}`,
    });
    const keys = `new:${other},old:${KEY}`;
    const kept = await checked(envOf(place, { HOLDFAST_ENCRYPTION_KEYS: keys }), [secret]);
    expect(kept.get('encryption keys')?.state).toBe('ok');
  });

  it('is the right time: a clock that is ahead is told by how much', async () => {
    const { queue } = await openPair(await makePlace('files'));
    const ahead = new Proxy(queue, {
      get: (database, property: keyof Database) => {
        const value = database[property];
        if (typeof value !== 'function') return value;
        if (property !== 'read') return value.bind(database);
        return async (...args: Parameters<Database['read']>) => {
          const results = await database.read(...args);
          const now = results[0]?.rows[0]?.now;
          return now === undefined
            ? results
            : [{ ...results[0], rows: [{ now: Number(now) + 10_000 }] }];
        };
      },
    });
    const { checks } = await checkDatabase(ahead, promiseMigrations);
    const clock = checks.find(({ name }) => name === 'queue: clock');
    expect(clock).toMatchObject({
      state: 'warning',
      found: expect.stringMatching(/^(9|10)\d{3} ms ahead/),
    });
  });
});

it('holdfast verify has an exit code for a pipeline', async () => {
  const cwd = tempDir();
  mkdirSync(join(cwd, 'data'));
  const before = await holdfast(['verify'], cwd);
  expect(before.code).toBe(1);
  expect(before.stdout).toContain('do: Run holdfast migrate');
  await holdfast(['migrate'], cwd);
  const after = await holdfast(['verify', '--json', '--no-promise'], cwd);
  expect(after.code).toBe(0);
  const { ok, checks } = JSON.parse(after.stdout) as { ok: boolean; checks: readonly Check[] };
  expect(ok).toBe(true);
  expect(checks.map(({ name }) => name)).not.toContain('promise');
});
