import { newId } from '../../src/core/index.js';
import type { Process } from '../process.js';
import { insist } from './weather.js';

/** Somebody who calls the API: looks, cancels, retries, changes, pauses. */
export async function call(process: Process): Promise<void> {
  const { dice, ledger } = process.world;
  for (;;) {
    await process.sleep(dice.int(200, 4_000));
    const ids = [...ledger.acknowledged.keys()];
    if (ids.length === 0) continue;
    const id = dice.pick(ids);
    await dice.pick([look, cancel, retry, change, pause])(process, id);
  }
}

async function look(process: Process, id: string): Promise<void> {
  const { store, world } = process;
  const told = await insist(process, 0, () => store.get(id));
  if (told !== undefined && told.answer === undefined) {
    world.violate(world.ledger.missed(id, world.snapshot));
  }
}

async function cancel(process: Process, id: string): Promise<void> {
  const { store, world } = process;
  const told = await insist(process, 10_000, () => store.cancel(id));
  process.note(`cancels ${id}`, told?.answer);
  if (told?.answer === 'not-found') world.violate(world.ledger.missed(id, world.snapshot));
  if (told?.answer === 'cancelled' && !world.ledger.cancelled.has(id)) {
    world.violate(`the cancel of ${id} was acknowledged and never written`);
  }
}

async function retry(process: Process, id: string): Promise<void> {
  const { store, world } = process;
  const { retries } = world.ledger;
  retries.set(id, (retries.get(id) ?? 0) + 1);
  const token = newId();
  const told = await insist(process, 10_000, () => store.retry(id, token));
  process.note(`retries ${id}`, told?.answer);
  if (told?.answer === 'not-found') world.violate(world.ledger.missed(id, world.snapshot));
}

async function change(process: Process, id: string): Promise<void> {
  const { store, world } = process;
  const { dice } = world;
  const wanted = dice.chance(0.5) ? { priority: dice.int(1, 10) } : { delay: dice.int(0, 5_000) };
  const told = await insist(process, 10_000, () => store.change(id, wanted));
  process.note(`changes ${id}`, told?.answer);
  if (told?.answer === 'not-found') world.violate(world.ledger.missed(id, world.snapshot));
}

async function pause(process: Process): Promise<void> {
  const { store, world } = process;
  const queue = world.dice.pick(['free', 'keyed']);
  process.note(`pauses ${queue}`);
  await insist(process, 5_000, () => store.queues.set(queue, { paused: true }));
  await process.sleep(world.dice.int(100, 10_000));
  process.note(`resumes ${queue}`);
  await insist(process, 5_000, () => store.queues.set(queue, { paused: false }));
}
