import { z } from 'zod';
import { silentLog, type TaskLog } from '../../src/core/index.js';
import {
  defineBatchTask,
  defineTask,
  Executor,
  snooze,
  TaskRegistry,
} from '../../src/tasks/index.js';
import { RUN_ERROR } from '../ledger.js';
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
      if (dice.chance(0.15)) context.enqueue('job', context.id);
      if (dice.chance(0.2)) throw new Error(RUN_ERROR);
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
      return items.map(({ id }) => (dice.chance(0.2) ? new Error(RUN_ERROR) : id));
    },
  });
  const executor = new Executor({
    store,
    registry: new TaskRegistry([job, bulk]),
    worker: name,
    log: logOf(process),
    clock,
    random: dice.next,
    leaseMs: scenario.leaseMs,
    concurrency: 4,
  });
  executor.start();
}

/** An executor tries again whatever happens: its log alone tells what it was. */
function logOf(process: Process): TaskLog {
  const hear: TaskLog['warn'] = (_code, { error } = {}) => {
    if (error !== undefined) process.met(error);
  };
  return { ...silentLog, warn: hear, error: hear };
}
