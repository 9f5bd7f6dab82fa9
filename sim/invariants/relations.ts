import type { Enqueue } from '../../src/promises/index.js';
import type { Snapshot } from '../snapshot.js';
import { countBy, type Invariant, isAdmitted, isSettled } from './invariant.js';

/** Nobody begins before what it depends on is settled. */
export const parentsComeFirst: Invariant = ({ now }) => {
  for (const [childId, parentId] of now.dependencies) {
    const child = now.promises.get(childId);
    const parent = now.promises.get(parentId);
    // A parent that runs again does not take back what it has let go.
    if (child === undefined || parent === undefined || parent.epoch > 0) continue;
    if (!isAdmitted(child) || isSettled(parent)) continue;
    // Whoever runs a child again whose parents have failed waits for none of them.
    const isOverruled = child.epoch > 0 && hasLostParent(now, childId);
    if (!isOverruled) return `${childId} goes before ${parentId}`;
  }
  return undefined;
};

function hasLostParent({ dependencies }: Snapshot, childId: string): boolean {
  return dependencies.some(
    ([child, , outcome]) => child === childId && (outcome === 'failed' || outcome === 'cancelled'),
  );
}

/** Of one key one promise is open. */
export const keysAreUnique: Invariant = ({ now }) => {
  const open = [...now.promises.values()].filter(
    (row) => row.key !== null && row.epoch === 0 && !isSettled(row),
  );
  for (const [key, count] of countBy(open, (row) => `${row.type} ${row.key}`)) {
    if (count > 1) return `key ${key} has ${count} open promises`;
  }
  return undefined;
};

/** What was asked for once is there once, however often it was sent. */
export const ordersAreMadeOnce: Invariant = ({ now, before }) => {
  if (now.promises.size <= before.promises.size) return undefined;
  const orders = new Map<string, string>();
  for (const { id, metadata } of now.promises.values()) {
    const order = metadataOf(metadata).order;
    if (order === undefined) continue;
    const other = orders.get(order);
    if (other !== undefined) return `order ${order} was made twice: ${other} and ${id}`;
    orders.set(order, id);
  }
  return undefined;
};

/** What a run makes is there with its completion, all of it, or nothing is. */
export const effectsGoWithTheirRun: Invariant = ({ world: { ledger }, now }) => {
  for (const [maker, children] of ledger.making) {
    const isComplete = ledger.settled.has(`${maker}.complete`);
    // Looked at once: later retention may take it.
    if (isComplete) ledger.making.delete(maker);
    for (const child of children) {
      const isThere = now.promises.has(child.id);
      if (isThere && !isComplete)
        return `${child.id} was made by ${maker}, which has not completed`;
      if (isComplete && !isThere && !hasTwin(now, child))
        return `${maker} has completed without ${child.id}, which it makes`;
    }
  }
  return undefined;
};

/** One of its key was there before it, and stands for it. */
function hasTwin({ promises }: Snapshot, { type, key }: Enqueue): boolean {
  if (key === undefined) return false;
  return [...promises.values()].some((row) => row.type === type && row.key === key);
}

/** Each slot of a schedule has made one promise, and each promise of a schedule has its slot. */
export const slotsAreUnique: Invariant = ({ now, before }) => {
  const slots = new Set(now.slots);
  if (slots.size !== now.slots.length) return 'two slots have one promise';
  const made = [...now.promises.values()].filter(({ type }) => type === 'slot');
  const names = countBy(
    made,
    ({ metadata }) => `${metadataOf(metadata).schedule} ${metadataOf(metadata).slot}`,
  );
  for (const [name, count] of names) if (count > 1) return `slot ${name} was fired ${count} times`;
  for (const { id } of made) if (!slots.has(id)) return `${id} belongs to no slot`;
  for (const id of slots) {
    const isOld = before.promises.has(id) || before.slots.includes(id);
    if (!isOld && !now.promises.has(id)) return `a slot was taken, and ${id} not made`;
  }
  return undefined;
};

interface Metadata {
  readonly order?: string;
  readonly schedule?: string;
  readonly slot?: string;
}

const parsed = new Map<string, Metadata>();

/** Parsed once: each snapshot has them all. */
function metadataOf(text: string | null): Metadata {
  if (text === null) return {};
  const known = parsed.get(text);
  if (known !== undefined) return known;
  if (parsed.size > 10_000) parsed.clear();
  const metadata = JSON.parse(text) as Metadata;
  parsed.set(text, metadata);
  return metadata;
}
