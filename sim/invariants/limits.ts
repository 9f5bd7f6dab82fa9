import type { QueueSettings } from '../../src/promises/index.js';
import type { PromiseRow } from '../snapshot.js';
import { countBy, type Invariant, isAdmitted } from './invariant.js';

const hasLane = (row: PromiseRow) => row.lane !== null;

/** A queue does not run more at once than it may, nor does a key. */
export const concurrencyHolds: Invariant = ({ world, now }) => {
  const running = [...now.promises.values()].filter(({ status }) => status === 'in_progress');
  for (const [queue, count] of countBy(running, (row) => row.queue)) {
    const { concurrency } = settingsOf(world.scenario.queues, queue);
    if (count > (concurrency ?? count)) return `${queue} runs ${count} at once, of ${concurrency}`;
  }
  const admitted = [...now.promises.values()].filter((row) => isAdmitted(row) && hasLane(row));
  for (const [lane, count] of countBy(admitted, laneOf)) {
    const { perKey } = settingsOf(world.scenario.queues, lane.split(' ')[0] ?? '');
    const max = perKey?.concurrency ?? 1;
    if (count > max) return `lane ${lane} has ${count} admitted, of ${max}`;
  }
  return undefined;
};

/** In any period a queue starts no more than its bucket held and got: twice its rate. */
export const rateHolds: Invariant = ({ world, now, before }) => {
  const at = world.server.now();
  for (const row of now.promises.values()) {
    const { rate } = settingsOf(world.scenario.queues, row.queue);
    const isStart =
      row.status === 'in_progress' && row.claim !== before.promises.get(row.id)?.claim;
    if (!rate || !isStart) continue;
    const starts = world.ledger.starts.get(row.queue) ?? [];
    const recent = [...starts.filter((one) => one > at - rate.period), at];
    world.ledger.starts.set(row.queue, recent);
    if (recent.length > 2 * rate.limit) return `${row.queue} began ${recent.length} in one period`;
  }
  return undefined;
};

/** In a strict lane nobody is let in before one that was made earlier and waits for its turn. */
export const orderHolds: Invariant = ({ now, before }) => {
  for (const row of now.promises.values()) {
    const old = before.promises.get(row.id);
    const isLetIn = old?.waitsFor === 'turn' && isAdmitted(row);
    if (!isLetIn) continue;
    for (const other of now.promises.values()) {
      const isEarlier = other.id < row.id && laneOf(other) === laneOf(row);
      if (isEarlier && other.waitsFor === 'turn') return `${row.id} goes before ${other.id}`;
    }
  }
  return undefined;
};

function laneOf({ queue, lane }: PromiseRow): string {
  return `${queue} ${lane}`;
}

function settingsOf(queues: Readonly<Record<string, QueueSettings>>, queue: string): QueueSettings {
  return queues[queue] ?? {};
}
