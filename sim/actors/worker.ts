import { newId } from '../../src/core/index.js';
import type { Claim, Settlement } from '../../src/promises/index.js';
import type { Dice } from '../dice.js';
import { RUN_ERROR } from '../ledger.js';
import type { Process } from '../process.js';
import { insist } from './weather.js';

const LARGE = 'y'.repeat(600);
/** A worker that has no answer gives up in the end: the lease is over by far. */
const PATIENCE_MS = 60_000;

/** A pull worker: claims, works, beats, settles, and takes too long now and then. */
export async function work(process: Process): Promise<void> {
  const { dice } = process.world;
  for (;;) {
    const claims = await take(process);
    const runs = claims.map((claim) => keep(process, claim));
    if (dice.chance(0.7)) await Promise.all(runs);
    if (claims.length === 0 || dice.chance(0.2)) await process.sleep(dice.int(100, 3_000));
  }
}

/** A claim whose answer was lost is read again by its token. */
async function take(process: Process): Promise<readonly Claim[]> {
  const { store, world } = process;
  const { dice, ledger, scenario } = world;
  const token = newId();
  const limit = dice.pick([1, 2, 5, 20]);
  const ask = { token, worker: process.name, limit, leaseMs: scenario.leaseMs };
  const taken = await insist(process, PATIENCE_MS, () =>
    dice.chance(0.5) ? store.claim(ask) : askOnce(process, ask),
  );
  const claims = taken?.answer ?? [];
  if (claims.length > 0)
    process.note(
      'has',
      claims.map(({ id, fence }) => `${id}.${fence}`),
    );
  if (claims.length > limit) world.violate(`${process.name} asked for ${limit} and got more`);
  world.violate(ledger.claimed(token, claims));
  return claims;
}

async function askOnce({ store }: Process, ask: Parameters<Process['store']['claim']>[0]) {
  const held = await store.reclaim(ask.token);
  return held.length > 0 ? held : store.claim(ask);
}

async function keep(process: Process, claim: Claim): Promise<void> {
  const { store, world } = process;
  const { dice, ledger, scenario } = world;
  let leftMs = dice.chance(0.15)
    ? scenario.leaseMs * (1 + dice.next() * 2)
    : dice.int(1, scenario.leaseMs * 0.8);
  const beats = dice.chance(0.6);
  while (leftMs > 0) {
    const ms = Math.min(leftMs, scenario.leaseMs / 3);
    await process.sleep(ms);
    leftMs -= ms;
    if (!beats || leftMs <= 0) continue;
    const told = await insist(process, 0, () => store.heartbeat([beatOf(claim)]));
    // One that has lost its lease should stop, and some do not.
    if (told?.answer[0]?.held === false && dice.chance(0.5)) return;
  }
  const settlement = drawSettlement(process, claim);
  const held = dice.chance(0.5) ? new Map([[claim.id, claim]]) : undefined;
  const told = await insist(process, PATIENCE_MS, () => store.settle([settlement], held));
  const outcome = told?.answer[0];
  if (outcome === undefined) return;
  process.note(outcome.applied ? 'has settled' : 'is too late with', `${claim.id}.${claim.fence}`);
  world.violate(ledger.answered(settlement, outcome, world.snapshot));
}

const beatOf = ({ id, fence }: Claim) => ({ id, fence, progress: { percent: 50, message: null } });

function drawSettlement({ world: { dice } }: Process, { id, fence, queue }: Claim): Settlement {
  const chance = dice.next();
  if (chance < 0.65) {
    const result = dice.chance(0.2) ? LARGE : id;
    const makes = dice.chance(0.15) ? { children: drawChildren(dice, { id, fence, queue }) } : {};
    return { id, fence, outcome: 'complete', result, ...makes };
  }
  if (chance < 0.85) {
    const error = { code: 'run-failed', message: RUN_ERROR };
    return { id, fence, outcome: 'fail', error, retryable: dice.chance(0.8) };
  }
  if (chance < 0.95) {
    const delayMs = dice.pick([0, 300, 5_000]);
    const state = dice.chance(0.3) ? LARGE : 'more';
    return { id, fence, outcome: 'snooze', delayMs, state };
  }
  return { id, fence, outcome: 'cancel' };
}

/** One or two; a key may be taken by then. */
function drawChildren(dice: Dice, { id, fence, queue }: Pick<Claim, 'id' | 'fence' | 'queue'>) {
  return Array.from({ length: dice.pick([1, 1, 2]) }, (_, at) => ({
    id: newId(),
    type: 'job',
    queue,
    metadata: { order: `${id}.${fence}.${at}` },
    ...(dice.chance(0.2) && { key: dice.pick(['k', 'l']) }),
  }));
}
