import { InputInvalidError } from '../../src/core/index.js';
import type { Process } from '../process.js';
import { PRODUCER_PATIENCE_MS } from '../scenario.js';
import { drawOrder, type Order } from './order.js';
import { insist } from './weather.js';

/**
 * An application that asks for promises, and asks again until it is told that they are made.
 * `open` is its own durable list: one that dies leaves the rest to its successor.
 */
export async function produce(process: Process, open: OpenOrders): Promise<void> {
  const { world } = process;
  const { dice } = world;
  for (;;) {
    await process.sleep(dice.pick([10, 300, 2_000]));
    const order = open.current ?? next(process, open);
    if (order === undefined) return;
    const made = await insist(process, open.until - world.timeline.now, () => ask(process, order));
    for (const [at, one] of (made?.answer ?? []).entries()) {
      const item = order[at];
      if (item === undefined) continue;
      process.note('is acknowledged', item.id);
      world.violate(world.ledger.enqueued(item, one, world.snapshot));
    }
    open.current = undefined;
  }
}

export interface OpenOrders {
  readonly name: string;
  left: number;
  current: Order | undefined;
  /** When it gives the current one up. */
  until: number;
}

function next({ world }: Process, open: OpenOrders): Order | undefined {
  if (open.left === 0) return undefined;
  open.left -= 1;
  open.current = drawOrder(world, `${open.name}.${open.left}`);
  open.until = world.timeline.now + PRODUCER_PATIENCE_MS;
  return open.current;
}

async function ask({ store }: Process, order: Order) {
  try {
    return await store.enqueue(order);
  } catch (error) {
    // A parent may be gone by now.
    if (error instanceof InputInvalidError) return [];
    throw error;
  }
}
