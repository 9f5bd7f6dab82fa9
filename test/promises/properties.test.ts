import fc from 'fast-check';
import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/index.js';
import { type Claim, type Enqueue, PromiseStore, Queues } from '../../src/promises/index.js';
import { openQueue } from '../support/queue.js';
import { ask, expectCountersRight, T0 } from './fixture.js';

const RUNS = Number(process.env.HOLDFAST_PROPERTY_RUNS ?? 40);
const KEY_CONCURRENCY = 2;
const QUEUE_CONCURRENCY = 3;

/** What a run of random steps works on. */
interface World {
  readonly database: Database;
  readonly store: PromiseStore;
  readonly other: PromiseStore;
  readonly time: { now: number };
  readonly ids: string[];
  readonly held: Claim[];
}

const queue = fc.constantFrom('free', 'keyed', 'strict', 'narrow');

const enqueueStep = fc.record({
  kind: fc.constant('enqueue' as const),
  queue,
  key: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
  lane: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
  delay: fc.constantFrom(0, 0, 500, 5_000),
  priority: fc.integer({ min: 1, max: 10 }),
  parents: fc.array(fc.nat(30), { maxLength: 3 }),
  policy: fc.constantFrom('fail', 'cancel', 'run'),
  expires: fc.option(fc.constantFrom(300, 3_000), { nil: undefined }),
  size: fc.constantFrom(1, 1, 3, 8),
});

const step = fc.oneof(
  { arbitrary: enqueueStep, weight: 5 },
  {
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      limit: fc.integer({ min: 1, max: 6 }),
    }),
    weight: 5,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      at: fc.nat(50),
      count: fc.integer({ min: 1, max: 4 }),
      outcome: fc.constantFrom(
        'complete',
        'complete',
        'complete',
        'fail',
        'dead',
        'snooze',
        'cancel',
      ),
      twice: fc.boolean(),
    }),
    weight: 6,
  },
  { arbitrary: fc.record({ kind: fc.constant('cancel' as const), at: fc.nat(50) }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('retry' as const), at: fc.nat(50) }), weight: 1 },
  {
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(100, 1_000, 40_000),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ kind: fc.constant('recover' as const) }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('prune' as const) }), weight: 1 },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function openWorld(): Promise<World> {
  const database = await openQueue();
  const time = { now: T0 };
  const build = () => new PromiseStore(database, { clock: () => time.now, random: () => 0 });
  const queues = new Queues(database);
  await queues.set('keyed', { perKey: { concurrency: KEY_CONCURRENCY } });
  await queues.set('strict', { perKey: { order: 'strict' } });
  await queues.set('narrow', { concurrency: QUEUE_CONCURRENCY });
  return { database, store: build(), other: build(), time, ids: [], held: [] };
}

async function take(world: World, one: Step): Promise<void> {
  const { store, other, time, ids, held } = world;
  switch (one.kind) {
    case 'enqueue': {
      const parents = [...new Set(one.parents.map((n) => ids[n]).filter((id) => id !== undefined))];
      const known: string[] = [];
      for (const id of parents) if ((await store.get(id)) !== undefined) known.push(id);
      const item = (): Enqueue => ({
        id: uuidv7(),
        type: 't',
        queue: one.queue,
        priority: one.priority,
        delay: one.delay,
        ...(one.key === undefined ? {} : { key: one.key, unique: { scope: 'unsettled' as const } }),
        ...(one.lane === undefined ? {} : { concurrencyKey: one.lane }),
        ...(known.length === 0 ? {} : { dependsOn: known, onParentFailure: one.policy }),
        ...(one.expires === undefined ? {} : { expiresAt: time.now + one.expires }),
        maxAttempts: 2,
        backoff: { kind: 'fixed', delay: 700 },
      });
      const made = await store.enqueue(Array.from({ length: one.size }, item));
      for (const { promise, deduplicated } of made) if (!deduplicated) ids.push(promise.id);
      return;
    }
    case 'claim':
      held.push(...(await store.claim(ask({ limit: one.limit, leaseMs: 30_000 }))));
      return;
    case 'settle': {
      const claims = held.splice(one.at % Math.max(held.length, 1), one.count);
      const settlements = claims.map(({ id, fence }) => settlementOf(id, fence, one.outcome));
      const outcomes = await store.settle(settlements);
      if (one.twice) expect(await other.settle(settlements)).toEqual(outcomes);
      return;
    }
    case 'cancel':
      await store.cancel(ids[one.at] ?? '');
      return;
    case 'retry':
      await store.retry(ids[one.at] ?? '', uuidv7());
      return;
    case 'wait':
      time.now += one.ms;
      return;
    case 'recover':
      await other.recover();
      return;
    case 'prune':
      await other.prune({ settledBeforeMs: 20_000 });
      return;
  }
}

function settlementOf(id: string, fence: number, outcome: string) {
  const error = { code: 'x', message: 'x' };
  if (outcome === 'complete') return { id, fence, outcome: 'complete', result: id } as const;
  if (outcome === 'snooze') return { id, fence, outcome: 'snooze', delayMs: 300 } as const;
  if (outcome === 'cancel') return { id, fence, outcome: 'cancel' } as const;
  return { id, fence, outcome: 'fail', error, retryable: outcome === 'fail' } as const;
}

/** What must hold after every step. */
const VIOLATIONS: Record<string, string> = {
  'a key has two unsettled promises': `
    SELECT 1 FROM promises WHERE key IS NOT NULL AND settled_at IS NULL AND epoch = 0
    GROUP BY key, type HAVING count(*) > 1`,
  'a key runs more at once than it may': `
    SELECT 1 FROM promises WHERE status = 'in_progress' AND queue = 'keyed' AND lane IS NOT NULL
    GROUP BY lane HAVING count(*) > ${KEY_CONCURRENCY}`,
  'a strict lane runs two at once': `
    SELECT 1 FROM promises WHERE status IN ('pending', 'in_progress') AND queue = 'strict'
      AND lane IS NOT NULL
    GROUP BY lane HAVING count(*) > 1`,
  'a queue runs more at once than it may': `
    SELECT 1 FROM promises WHERE status = 'in_progress' AND queue = 'narrow'
    GROUP BY queue HAVING count(*) > ${QUEUE_CONCURRENCY}`,
  'a lane counts wrong': `
    SELECT 1 FROM lanes l WHERE l.open <> (
      SELECT count(*) FROM promises p WHERE p.queue = l.queue AND p.lane = l.lane
        AND p.status IN ('pending', 'in_progress')
    )`,
  'a running promise has an unsettled parent': `
    SELECT 1 FROM promises c JOIN dependencies d ON d.child_id = c.id
    JOIN promises p ON p.id = d.parent_id
    WHERE c.status IN ('pending', 'in_progress') AND p.settled_at IS NULL AND p.epoch = 0`,
  'scratch is not empty': 'SELECT 1 FROM scratch',
};

async function expectSound(world: World): Promise<void> {
  await expectCountersRight(world);
  for (const [what, sql] of Object.entries(VIOLATIONS)) {
    const [found] = await world.database.read([{ sql: `${sql} LIMIT 1` }]);
    expect([what, found?.rows.length]).toEqual([what, 0]);
  }
}

/** With every run completing and time going on, everything ends. */
async function expectEnds(world: World): Promise<void> {
  const { store, time, database } = world;
  for (let round = 0; round < 400; round += 1) {
    await store.recover();
    const claims = await store.claim(ask({ limit: 50 }));
    await store.settle(claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete' })));
    const { pending, waiting, in_progress } = (await store.figures()).byStatus;
    if (pending + waiting + in_progress === 0) {
      // A lane that the last of its promises left while it waited is forgotten when that was due.
      time.now += 60_000;
      await store.advance();
      const [lanes] = await database.read([{ sql: 'SELECT * FROM lanes' }]);
      expect(lanes?.rows).toEqual([]);
      return;
    }
    const wake = await store.nextWakeInMs();
    expect(wake, 'something is open, and nothing would wake it').not.toBeNull();
    time.now += Math.max(wake ?? 0, 1);
  }
  throw new Error('it does not end');
}

describe('the engine under random steps', () => {
  it(
    'keeps keys, lanes, limits, dependencies and counters, and everything ends',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
          const world = await openWorld();
          for (const one of steps) {
            await take(world, one);
            await expectSound(world);
          }
          await expectEnds(world);
        }),
        {
          numRuns: RUNS,
          // A run that takes long is cut, and passes for what it has shown; a hang does not.
          interruptAfterTimeLimit: RUNS * 500,
          verbose: 1,
        },
      );
    },
    RUNS * 1_000 + 60_000,
  );
});
