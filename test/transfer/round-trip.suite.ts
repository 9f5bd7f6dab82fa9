import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import { sha256 } from '#functions/platform';
import type { Database } from '../../src/db/index.js';
import {
  newSchedule,
  type PromiseRecord,
  PromiseStore,
  Queues,
  Schedules,
  Sends,
  Subscriptions,
  Transfer,
} from '../../src/promises/index.js';

const T0 = Date.UTC(2027, 0, 15, 8);
const clock = () => T0;

export interface Pair {
  readonly from: Database;
  readonly to: Database;
}

export async function exported(database: Database): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of transferOf(database).export()) lines.push(line.trimEnd());
  return lines;
}

const transferOf = (database: Database) => new Transfer(database, { digest: sha256, clock });

/** Brings lines in. */
export const bring = (database: Database, lines: readonly string[]) =>
  transferOf(database).import(lines);

const LATER = {
  type: 'later',
  delay: 60_000,
  priority: 1,
  expiresAt: T0 + 600_000,
  callbackUrl: 'https://example.com/callback',
  origin: { channel: 'webhook' as const, url: 'https://example.com/told' },
};
const SUBSCRIPTION = '01890a5d-ac96-774b-bcce-b302099a8057';
const SECRETS = ['whsec_next', 'whsec_before'] as const;

/** Promises in every state, with everything that can hang on one. */
export async function fill(database: Database): Promise<void> {
  const store = new PromiseStore(database, { clock, random: () => 0 });
  const make = (over: object = {}) => ({ id: uuidv7(), type: 'echo', ...over });
  const large = 'ü'.repeat(2_000);
  await store.enqueue([
    make({ payload: { large, text: 'a"b\\n\u2028' }, tags: ['a', 'b'], metadata: { n: 1.5 } }),
    make({ type: 'fails', maxAttempts: 1, key: 'k1', backoff: { kind: 'fixed', delay: 5 } }),
    make({ type: 'runs' }),
    make(LATER),
    make({ type: 'cancelled' }),
  ]);
  const claim = async (type: string) => {
    const ask = { token: uuidv7(), worker: 'w', limit: 1, leaseMs: 30_000, types: [type] };
    const [one] = await store.claim(ask);
    if (one === undefined) throw new Error(`no ${type} is due`);
    return one;
  };
  const done = await claim('echo');
  await store.settle([{ id: done.id, fence: done.fence, outcome: 'complete', result: [large] }]);
  const failed = await claim('fails');
  const error = { code: 'x', message: 'y', details: { z: [1] } };
  await store.settle([{ id: failed.id, fence: failed.fence, outcome: 'fail', error }]);
  const running = await claim('runs');
  await new Sends(database, { clock }).begin(
    { id: running.id, idempotencyKey: 'to-a-chat' },
    false,
  );
  const { promises } = await store.list({ type: 'cancelled', limit: 1 });
  await store.cancel(promises[0]?.id ?? '');
  await store.enqueue([
    make({ type: 'child', dependsOn: [running.id, done.id] }),
    make({ type: 'keyed', concurrencyKey: 'lane' }),
    make({ type: 'keyed', concurrencyKey: 'lane' }),
  ]);
  await new Queues(database).set('mails', { concurrency: 3, retention: { failed: { age: 5 } } });
  await new Queues(database).pauseType('paused', true);
  const schedules = new Schedules(database, { clock });
  await schedules.create(
    newSchedule.parse({ name: 's', cron: '* * * * *', promise: { type: 'tick', payload: large } }),
  );
  await schedules.fireDue();
  await schedules.pause('s');
  const subscriptions = new Subscriptions(database, { clock });
  const told = { url: 'https://example.com/told', kinds: ['retried' as const], queues: ['mails'] };
  const id = SUBSCRIPTION;
  await subscriptions.create({ ...told, types: null, id, tenant: 'acme' }, SECRETS[1]);
  await subscriptions.rotate('acme', id, { secret: SECRETS[0], keepMs: 60_000 });
}

export function roundTripContract(open: () => Promise<Pair>): void {
  describe('export and import', () => {
    it('brings everything over, to the letter, and counts it', async () => {
      const { from, to } = await open();
      await fill(from);
      const lines = await exported(from);
      const report = await bring(to, lines);
      expect(report).toMatchObject({
        promise: { imported: 9, known: 0, conflicts: 0 },
        schedule: { imported: 1 },
        occurrence: { imported: 1 },
        queue: { imported: 1 },
        'paused-type': { imported: 1 },
        subscription: { imported: 1, known: 0 },
        callback: { imported: 1, known: 0, conflicts: 0 },
        origin: { imported: 1, known: 0, conflicts: 0 },
        send: { imported: 1, known: 0, conflicts: 0 },
      });
      expect(await rowsOf(to)).toEqual(await rowsOf(from));
      const [before, after] = await Promise.all([from, to].map(allPromises));
      for (const [id, promise] of before ?? []) {
        const twin = after?.get(id);
        if (promise.type === 'runs') {
          expect(twin).toMatchObject({ status: 'pending', attempt: 0, fence: 2, runAt: T0 });
        } else {
          expect(twin).toEqual(promise);
        }
      }
      await expectCountersRight(to);
      const [source, target] = [from, to].map((one) => new Schedules(one, { clock }));
      expect(await target?.get('s')).toEqual(await source?.get('s'));
      expect(await new Queues(to).get('mails')).toEqual(await new Queues(from).get('mails'));
      expect(await new Queues(to).pausedTypes()).toEqual(['paused']);
      const [told, same] = [from, to].map((one) => new Subscriptions(one, { clock }));
      expect(await same?.get('acme', SUBSCRIPTION)).toEqual(await told?.get('acme', SUBSCRIPTION));
      expect(await same?.target(SUBSCRIPTION)).toMatchObject({ secrets: SECRETS });
      await new PromiseStore(to, { clock }).cancel(idOf(after, 'later'));
      const [made] = await to.read([
        { sql: "SELECT payload FROM promises WHERE type IN ('callback', 'notify') ORDER BY type" },
      ]);
      const payloads = (made?.rows ?? []).map((row) => JSON.parse(String(row.payload)));
      expect(payloads).toMatchObject([{ url: LATER.callbackUrl }, { to: LATER.origin }]);
      const again = new Sends(to, { clock });
      const sender = { id: idOf(after, 'runs'), idempotencyKey: 'to-a-chat' };
      expect(await again.begin(sender, false)).toEqual({ state: 'unknown' });
    });

    it('is the same export again, but for what ran', async () => {
      const { from, to } = await open();
      await fill(from);
      await bring(to, await exported(from));
      const comparable = (lines: readonly string[]) =>
        lines
          .map((line) => JSON.parse(line))
          .filter((line) => line.kind === 'promise' && line.type !== 'runs');
      expect(comparable(await exported(to))).toEqual(comparable(await exported(from)));
    });

    it('changes nothing when it is brought in again, and goes on where it was broken off', async () => {
      const { from, to } = await open();
      await fill(from);
      const lines = await exported(from);
      const broken = bring(to, lines.slice(0, 8));
      await expect(broken).rejects.toMatchObject({ code: 'export-incomplete' });
      const again = await bring(to, lines);
      expect(again.promise.imported + again.promise.known).toBe(9);
      const third = await bring(to, lines);
      expect(third).toMatchObject({
        promise: { imported: 0, known: 9 },
        subscription: { imported: 0, known: 1 },
        callback: { imported: 0, known: 1 },
        origin: { imported: 0, known: 1 },
        send: { imported: 0, known: 1 },
        schedule: { imported: 0, known: 1 },
        occurrence: { imported: 0, known: 1 },
      });
      await expectCountersRight(to);
    });

    it('lets what was brought in run: what ran before, its dependents, and lanes one by one', async () => {
      const { from, to } = await open();
      await fill(from);
      await bring(to, await exported(from));
      const store = new PromiseStore(to, { clock, random: () => 0 });
      const kept: string[] = [];
      for (let round = 0; round < 10; round += 1) {
        const ask = { token: uuidv7(), worker: 'w2', limit: 10, leaseMs: 30_000 };
        const claims = await store.claim(ask);
        kept.push(...claims.map((claim) => claim.type));
        await store.settle(
          claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete' as const })),
        );
      }
      expect(kept.sort()).toEqual(['child', 'keyed', 'keyed', 'runs', 'tick']);
      await expectCountersRight(to);
    });

    it('leaves out what has a key or a name that is taken, and says how many', async () => {
      const { from, to } = await open();
      await fill(from);
      await new PromiseStore(to, { clock }).enqueue([{ id: uuidv7(), type: 'fails', key: 'k1' }]);
      await new Schedules(to, { clock }).create(
        newSchedule.parse({ name: 's', every: '1h', promise: { type: 'other' } }),
      );
      const report = await bring(to, await exported(from));
      expect(report.promise).toEqual({ imported: 8, known: 0, conflicts: 1 });
      expect(report.schedule).toEqual({ imported: 0, known: 0, conflicts: 1 });
      await expectCountersRight(to);
    });
  });
}

async function allPromises(database: Database) {
  const { promises } = await new PromiseStore(database, { clock }).list({ limit: 100 });
  const store = new PromiseStore(database, { clock });
  const entries = promises.map(
    async (promise) =>
      [promise.id, { ...promise, failures: await store.failures(promise.id) }] as const,
  );
  return new Map(await Promise.all(entries));
}

/** What hangs on promises, as it is stored. */
async function rowsOf(database: Database) {
  const tables = ['callbacks', 'origins', 'sends'];
  const found = await database.read(
    tables.map((table) => ({ sql: `SELECT * FROM ${table} ORDER BY promise_id` })),
  );
  return found.map(({ rows }) => rows);
}

function idOf(promises: ReadonlyMap<string, PromiseRecord> | undefined, type: string): string {
  return [...(promises ?? [])].find(([, promise]) => promise.type === type)?.[0] ?? '';
}

async function expectCountersRight(database: Database): Promise<void> {
  const [rows] = await database.read([
    { sql: 'SELECT status, count(*) AS n FROM promises GROUP BY status' },
  ]);
  const real = Object.fromEntries((rows?.rows ?? []).map((row) => [row.status, row.n]));
  const { byStatus } = await new PromiseStore(database, { clock }).figures();
  for (const [status, n] of Object.entries(byStatus)) {
    expect([status, n]).toEqual([status, real[status] ?? 0]);
  }
}
