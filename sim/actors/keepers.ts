import { PRUNE_SLICE } from '../invariants/index.js';
import type { Process } from '../process.js';
import { RETENTION_MS } from '../scenario.js';
import { insist } from './weather.js';

/** Fires what is due. */
export async function schedule(process: Process): Promise<void> {
  const { schedules, world } = process;
  for (;;) {
    await process.sleep(world.dice.int(500, 4_000));
    await insist(process, 0, () => schedules.fireDue());
  }
}

/** Recovers what workers have left behind. */
export async function recover(process: Process): Promise<void> {
  const { store, world } = process;
  for (;;) {
    await process.sleep(world.dice.int(700, 4_000));
    await insist(process, 0, () => store.recover({ limit: world.dice.pick([1, 3, 500]) }));
  }
}

/** Deletes what was settled long ago. */
export async function clean(process: Process): Promise<void> {
  const { store, world } = process;
  for (;;) {
    await process.sleep(world.dice.int(1_000, 6_000));
    const ask = { settledBeforeMs: RETENTION_MS, limit: world.dice.int(1, PRUNE_SLICE) };
    await insist(process, 0, () => store.prune(ask));
  }
}
