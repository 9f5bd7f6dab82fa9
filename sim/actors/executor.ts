import { z } from 'zod';
import { silentLog } from '../../src/core/index.js';
import {
  defineBatchTask,
  defineTask,
  Executor,
  snooze,
  TaskRegistry,
} from '../../src/tasks/index.js';
import type { Process } from '../process.js';

const anything = z.unknown();

/** The real executor, with tasks that take their time. */
export async function execute(process: Process): Promise<void> {
  const { store, clock, name, world } = process;
  const { dice, scenario } = world;
  const job = defineTask({
    type: 'job',
    input: anything,
    run: async (_input, context) => {
      await process.sleep(dice.int(1, scenario.leaseMs * 1.5));
      context.progress(50);
      if (dice.chance(0.2)) throw new Error('it did not work');
      if (dice.chance(0.1)) return snooze(dice.pick([0, 2_000]));
      return context.id;
    },
  });
  const bulk = defineBatchTask({
    type: 'bulk',
    input: anything,
    sizeMax: 3,
    run: async (items) => {
      await process.sleep(dice.int(1, scenario.leaseMs));
      return items.map(({ id }) => (dice.chance(0.2) ? new Error('not this one') : id));
    },
  });
  const executor = new Executor({
    store,
    registry: new TaskRegistry([job, bulk]),
    worker: name,
    log: silentLog,
    clock,
    random: dice.next,
    leaseMs: scenario.leaseMs,
    concurrency: 4,
  });
  executor.start();
}
