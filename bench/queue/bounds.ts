import { newId } from '../../src/core/index.js';
import type { Database, Statement } from '../../src/db/index.js';
import { PromiseStore } from '../../src/promises/index.js';
import { median, type Table } from '../section.js';
import { drain, fill, type OpenQueue, PAYLOADS, promiseOf, withQueue } from './open.js';

/** As the engine has it in one write. */
const SET = 1_000;

/** The steps of a promise's life, as writes are labelled. */
const STEPS = { make: 'promises.enqueue', claim: 'promises.claim', settle: 'promises.settle' };

type Step = keyof typeof STEPS | 'total';
type Micros = Readonly<Record<Step, number>>;

/**
 * What bounds one process: the time of the engine's writes beside that of changing the same
 * rows, with their indexes, and nothing else: no claim to be read again, no payload handed
 * over, no counters, no events.
 */
export async function benchBounds(rounds: number, count: number): Promise<Table> {
  const [engine, bare]: Micros[][] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    engine?.push(await withQueue('normal', (queue) => engineMicros(queue, count)));
    bare?.push(await withQueue('normal', (queue) => bareMicros(queue, count)));
  }
  const of = (runs: readonly Micros[] = [], step: Step) => median(runs.map((run) => run[step]));
  const rows = (['make', 'claim', 'settle', 'total'] as const).map((step) => [
    step === 'total' ? 'claim, settle and all besides, by the clock' : step,
    of(engine, step).toFixed(1),
    of(bare, step).toFixed(1),
  ]);
  return {
    title: `What bounds one process: µs a promise in writes of ${SET.toLocaleString('en')}, 20 bytes, synchronous normal`,
    columns: ['step', 'the engine', 'changing the rows alone'],
    rows,
  };
}

/** Times what each label's writes take. */
async function engineMicros({ database }: OpenQueue, count: number): Promise<Micros> {
  const spent = new Map<string, number>();
  const timed: Database['write'] = async (statements, options) => {
    const startedAt = performance.now();
    const results = await database.write(statements, options);
    const label = options?.label ?? '';
    spent.set(label, (spent.get(label) ?? 0) + performance.now() - startedAt);
    return results;
  };
  const watched = new Proxy(database, {
    get: (target, name) => {
      if (name === 'write') return timed;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const store = new PromiseStore(watched);
  await fill(store, count, () => promiseOf(PAYLOADS['20 bytes']));
  await keepApart(store);
  const of = (step: keyof typeof STEPS) => ((spent.get(STEPS[step]) ?? 0) * 1_000) / count;
  const apart = { make: of('make'), claim: of('claim'), settle: of('settle') };
  await fill(store, count, () => promiseOf(PAYLOADS['20 bytes']));
  const startedAt = performance.now();
  await drain(store);
  const total = ((performance.now() - startedAt) * 1_000) / count;
  return { ...apart, total };
}

/** Claims and settles by turns: an executor does both in one write. */
async function keepApart(store: PromiseStore): Promise<void> {
  const claim = () =>
    store.claim(
      { token: newId(), worker: 'bench', limit: SET, leaseMs: 60_000 },
      { isLikely: true },
    );
  for (let claims = await claim(); claims.length > 0; claims = await claim()) {
    const held = new Map(claims.map((one) => [one.id, one]));
    await store.settle(
      claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete' as const, result: null })),
      held,
    );
  }
}

const INSERT = `
INSERT INTO promises (id, type, queue, status, priority, run_at, payload, payload_length,
  max_attempts, timeout_ms, created_at)
SELECT value ->> 0, 'noop', 'default', 'pending', 5, 1, value ->> 1, length(value ->> 1), 3, 60000, 1
FROM json_each(?1)`;

const LEASE = `
UPDATE promises SET status = 'in_progress', attempt = attempt + 1, fence = fence + 1, claim = 'one',
  lease_ms = 30000, lease_expires_at = 2, started_at = 2
WHERE seq BETWEEN ?1 AND ?2`;

const SETTLE = `
UPDATE promises SET status = 'completed', claim = NULL, lease_ms = NULL, lease_expires_at = NULL,
  outcome = 'complete', outcome_fence = 1, result = 'null', settled_at = 3
WHERE seq BETWEEN ?1 AND ?2`;

async function bareMicros({ database }: OpenQueue, count: number): Promise<Micros> {
  const timed = async (statement: (from: number) => Statement) => {
    const startedAt = performance.now();
    for (let from = 1; from <= count; from += SET) await database.write([statement(from)]);
    return ((performance.now() - startedAt) * 1_000) / count;
  };
  const make = await timed(() => {
    const made = Array.from({ length: SET }, () => promiseOf(PAYLOADS['20 bytes']));
    const set = made.map(({ id, payload }) => [id, JSON.stringify(payload)]);
    return { sql: INSERT, args: [JSON.stringify(set)] };
  });
  const claim = await timed((from) => ({ sql: LEASE, args: [from, from + SET - 1] }));
  const settle = await timed((from) => ({ sql: SETTLE, args: [from, from + SET - 1] }));
  return { make, claim, settle, total: claim + settle };
}
