import { newSchedule, Queues, Schedules } from '../src/promises/index.js';
import type { World } from './world.js';

const SCHEDULES = {
  allow: newSchedule.parse({
    name: 'allow',
    every: '7s',
    promise: { type: 'slot', queue: 'free' },
  }),
  skip: newSchedule.parse({
    name: 'skip',
    every: '5s',
    overlap: 'skip',
    missed: { policy: 'all', grace: '1s' },
    promise: { type: 'slot', queue: 'narrow', delay: '1s' },
  }),
  queue: newSchedule.parse({
    name: 'queue',
    every: '9s',
    overlap: 'queue',
    promise: { type: 'slot', queue: 'free' },
  }),
  cancel: newSchedule.parse({
    name: 'cancel',
    every: '6s',
    overlap: 'cancel',
    promise: { type: 'slot', queue: 'free' },
  }),
};

/** What is there before anything goes wrong. */
export async function setUp(world: World): Promise<void> {
  const { database, scenario, server, dice } = world;
  const queues = new Queues(database);
  for (const [name, settings] of Object.entries(scenario.queues)) await queues.set(name, settings);
  if (scenario.schedulers === 0) return;
  const schedules = new Schedules(database, { clock: () => server.now() });
  const names = Object.keys(SCHEDULES) as (keyof typeof SCHEDULES)[];
  for (const name of names) if (dice.chance(0.5)) await schedules.create(SCHEDULES[name]);
}
