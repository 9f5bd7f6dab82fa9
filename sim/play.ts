import { newId } from '../src/core/index.js';
import { call } from './actors/caller.js';
import { execute } from './actors/executor.js';
import { clean, recover, schedule } from './actors/keepers.js';
import { produce } from './actors/producer.js';
import { work } from './actors/worker.js';
import { cast, type Part } from './chaos.js';
import { Dice } from './dice.js';
import { end } from './ending.js';
import type { Mistake } from './mistakes/index.js';
import { drawScenario, type Scenario } from './scenario.js';
import { setUp } from './set-up.js';
import type { Stage } from './stage.js';
import { driven, setNow } from './take-over.js';
import { World } from './world.js';

/** Longer than any simulation that ends. */
const STEPS_MAX = 50_000;

export interface Played {
  /** What went wrong; undefined when nothing did. */
  readonly violation: string | undefined;
  readonly steps: number;
  readonly world: World;
}

/** Plays one seed from beginning to end. */
export async function play(stage: Stage, seed: number, mistake?: Mistake): Promise<Played> {
  await driven(stage.clear());
  forgetIds();
  const dice = new Dice(seed);
  const scenario = drawScenario(dice);
  const world = new World({ database: stage.database, dice, scenario, mistake });
  await driven(setUp(world));
  cast(world, partsOf(scenario));
  let isOver = false;
  world.timeline.in(scenario.durationMs, () => {
    world.calm();
    world.start('ending', async (process) => {
      await end(process);
      isOver = true;
    });
  });
  while (!isOver && world.violation === undefined) {
    if (!(await world.timeline.step()))
      world.violate('nothing is left to happen, and it is not over');
    if (world.timeline.steps > STEPS_MAX) world.violate('it goes on for ever');
  }
  return { violation: world.violation, steps: world.timeline.steps, world };
}

/** Ids begin anew: a clock that went far back makes their generator forget. */
function forgetIds(): void {
  setNow(0);
  newId();
}

function partsOf(scenario: Scenario): Part[] {
  const some = (count: number, name: string, play: Part['play']) =>
    Array.from({ length: count }, (_, at) => ({ name: `${name}-${at + 1}`, play }));
  const share = Math.ceil(scenario.orders / scenario.producers);
  const producers = Array.from({ length: scenario.producers }, (_, at) => {
    const open = { name: `o${at + 1}`, left: share, current: undefined, until: 0 };
    return {
      name: `producer-${at + 1}`,
      play: (process: Parameters<Part['play']>[0]) => produce(process, open),
    };
  });
  return [
    ...producers,
    ...some(scenario.workers, 'worker', work),
    ...some(scenario.executors, 'executor', execute),
    ...some(scenario.schedulers, 'scheduler', schedule),
    ...some(scenario.recoverers, 'recoverer', recover),
    ...some(scenario.cleaners, 'cleaner', clean),
    ...some(scenario.callers, 'caller', call),
  ];
}
