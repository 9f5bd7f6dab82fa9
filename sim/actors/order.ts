import { newId } from '../../src/core/index.js';
import type { Enqueue } from '../../src/promises/index.js';
import type { World } from '../world.js';

const QUEUES = ['free', 'free', 'narrow', 'keyed', 'strict', 'slow'];
/** Over it a payload has a row of its own. */
const LARGE = 'x'.repeat(600);

/** Promises that one call asks for. */
export type Order = readonly Enqueue[];

// `Object.assign`, not a spread: that would give each promise a hidden class of its own.

/** An order to be made: mostly one promise, sometimes a few, alike or not. */
export function drawOrder(world: World, name: string): Order {
  const { dice } = world;
  const size = dice.pick([1, 1, 1, 2, 4]);
  const template = drawPromise(world);
  const isAlike = dice.chance(0.5);
  return Array.from({ length: size }, (_, at) =>
    Object.assign({}, isAlike ? template : drawPromise(world), {
      id: newId(),
      payload: dice.chance(0.15) ? `${name}.${at}${LARGE}` : `${name}.${at}`,
      metadata: { order: `${name}.${at}` },
    }),
  );
}

function drawPromise({ dice, ledger }: World): Omit<Enqueue, 'id'> {
  const queue = dice.pick(QUEUES);
  const hasLane = dice.chance(queue === 'keyed' || queue === 'strict' ? 0.8 : 0.1);
  const parents = [...ledger.acknowledged.keys()].filter(() => dice.chance(0.2)).slice(0, 3);
  const hasParents = parents.length > 0 && dice.chance(0.4);
  return Object.assign(
    {
      type: dice.chance(0.8) ? 'job' : 'bulk',
      queue,
      maxAttempts: dice.int(1, 3),
      backoff: { kind: 'fixed' as const, delay: dice.pick([0, 500, 4_000]) },
      priority: dice.pick([5, 5, 1, 9]),
    },
    dice.chance(0.3) && { delay: dice.pick([10, 1_000, 5_000]) },
    hasLane && { concurrencyKey: dice.pick(['a', 'b']) },
    hasParents && {
      dependsOn: parents,
      onParentFailure: dice.pick(['fail', 'cancel', 'run'] as const),
    },
    dice.chance(0.15) && {
      key: dice.pick(['k', 'l']),
      unique: { scope: dice.pick(['unsettled', 'always'] as const) },
    },
    dice.chance(0.05) && { tags: ['tagged'] },
    dice.chance(0.05) && { callbackUrl: 'https://example.com/told' },
  );
}
