import { newId } from '../src/core/index.js';
import { PRUNE_SLICE } from './invariants/index.js';
import { isSettled } from './invariants/invariant.js';
import type { Process } from './process.js';
import type { World } from './world.js';

const ROUNDS_MAX = 400;
/** After this long a claim's row is of no more use. */
const CLAIMS_KEPT_MS = 90_000_000;
/** Promises that one round takes. */
const LIMIT = 50;

/** With nothing going wrong any more, everything ends, and nothing is left over. */
export async function end(process: Process): Promise<void> {
  const { store, world } = process;
  await process.sleep(world.scenario.lateMsMax + 10_000);
  for (const name of ['free', 'keyed']) await store.queues.set(name, { paused: false });
  if (!(await drain(process))) return;
  world.violate(unsettled(world));
  world.timeline.pass(CLAIMS_KEPT_MS);
  await store.advance();
  while (!(await store.prune({ settledBeforeMs: 1, limit: PRUNE_SLICE })).done)
    await process.sleep(1);
  world.violate(await litter(world));
}

/** Keeps every promise at its first try. False when it does not end. */
async function drain({ store, world }: Process): Promise<boolean> {
  const { timeline } = world;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    await store.recover();
    const ask = { token: newId(), worker: 'last', limit: LIMIT, leaseMs: 60_000 };
    const claims = await store.claim(ask);
    world.violate(world.ledger.claimed(ask.token, claims));
    await store.settle(claims.map(({ id, fence }) => ({ id, fence, outcome: 'complete' })));
    if (claims.length > 0) continue;
    const wakeInMs = await store.nextWakeInMs();
    const open = [...world.snapshot.promises.values()].filter((row) => !isSettled(row));
    if (wakeInMs === null) return open.length === 0 || stuck(world, open[0]?.id ?? '');
    timeline.pass(Math.max(1, wakeInMs));
  }
  world.violate('it does not end');
  return false;
}

function stuck(world: World, id: string): false {
  world.violate(`${id} is open, and nothing would wake it`);
  return false;
}

function unsettled(world: World): string | undefined {
  for (const row of world.snapshot.promises.values()) {
    if (!isSettled(row)) return `${row.id} is ${row.status} after the end`;
  }
  return undefined;
}

/** Tables that must be empty when every promise is gone. */
const LITTER = [
  'promises',
  'bodies',
  'failures',
  'recoveries',
  'claims',
  'lanes',
  'dependencies',
  'tags',
  'callbacks',
  'scratch',
];

async function litter({ database }: World): Promise<string | undefined> {
  const results = await database.read(
    LITTER.map((table) => ({ sql: `SELECT count(*) AS n FROM ${table}` })),
  );
  for (const [at, table] of LITTER.entries()) {
    const count = Number(results[at]?.rows[0]?.n);
    if (count > 0) return `${count} rows are left in ${table} when every promise is gone`;
  }
  return undefined;
}
