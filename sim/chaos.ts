import type { Process } from './process.js';
import { BACK_MS_MAX } from './scenario.js';
import type { World } from './world.js';

/** A part, and under which name it is played. */
export interface Part {
  readonly name: string;
  readonly play: (process: Process) => Promise<void>;
}

/** Starts everybody, and lets them die, stand still and lose the time. */
export function cast(world: World, parts: readonly Part[]): void {
  const { dice, scenario, timeline } = world;
  const playing = new Map(parts.map((part) => [part, world.start(part.name, part.play)]));
  const sometime = (run: () => void) => timeline.in(dice.int(0, scenario.durationMs), run);
  let lives = 1;
  const restart = (part: Part) => {
    if (timeline.now >= world.calmAt) return;
    lives += 1;
    playing.set(part, world.start(`${part.name}/${lives}`, part.play));
  };
  for (let n = 0; n < scenario.crashes; n += 1) {
    sometime(() => {
      const part = dice.pick(parts);
      playing.get(part)?.crash();
      timeline.in(dice.int(10, 10_000), () => restart(part));
    });
  }
  for (let n = 0; n < scenario.stops; n += 1) {
    sometime(() => {
      playing.get(dice.pick(parts))?.stop(Math.floor(scenario.leaseMs * (0.2 + dice.next() * 3)));
    });
  }
  for (let n = 0; n < scenario.jumps; n += 1) {
    sometime(() => {
      if (dice.chance(0.5)) return playing.get(dice.pick(parts))?.jump(dice.int(-90_000, 90_000));
      const ms = dice.pick([20_000, 3_000, -BACK_MS_MAX]);
      world.trace.note(timeline.now, 'server', `its clock jumps by ${ms} ms`);
      world.server.jump(ms);
    });
  }
}
