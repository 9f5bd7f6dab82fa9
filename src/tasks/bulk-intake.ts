import { HoldfastError, InputInvalidError, newId } from '../core/index.js';
import { type Enqueued, type NewPromise, type PromiseStore, withId } from '../promises/index.js';
import type { Intake } from './intake.js';

/** One of many promises to be made. Others of the same call can name it as a parent: `ref:NAME`. */
export interface BulkItem {
  readonly promise: NewPromise;
  readonly ref?: string | undefined;
  /** Its id. Default one of its own. */
  readonly id?: string | undefined;
}

type BulkStore = Pick<PromiseStore, 'enqueue' | 'known' | 'get'>;

export type BulkOutcome = Enqueued | HoldfastError;

const REF = 'ref:';

/**
 * Makes many promises; one that is refused keeps only those that depend on it.
 * One outcome an item, in their order. Parents are made before their children, a
 * write a generation.
 */
export async function makeBulk(
  { intake, store }: { readonly intake: Intake; readonly store: BulkStore },
  items: readonly BulkItem[],
): Promise<BulkOutcome[]> {
  const outcomes = items.map((item) => refusalOf(item, intake));
  const byRef = refsOf(items, outcomes);
  const known = await store.known(items.flatMap((item) => ownParents(item)));
  for (const [at, item] of items.entries()) outcomes[at] ??= unknownParent(item, known, byRef);
  for (let left = openOf(outcomes); left.length > 0; left = openOf(outcomes)) {
    const ready = left.filter((at) =>
      refParents(items[at]).every((ref) => isMade(outcomes, byRef, ref)),
    );
    if (ready.length > 0) await makeGeneration(store, items, ready, byRef, outcomes);
    // Nobody is ready: their parents were refused, or they go in a circle.
    else for (const at of left) outcomes[at] = noParent(items[at]);
  }
  return outcomes as BulkOutcome[];
}

type Outcomes = (BulkOutcome | undefined)[];

async function makeGeneration(
  store: BulkStore,
  items: readonly BulkItem[],
  ready: readonly number[],
  byRef: ReadonlyMap<string, number>,
  outcomes: Outcomes,
): Promise<void> {
  const idOf = (parent: string) => {
    const outcome = parent.startsWith(REF)
      ? outcomes[byRef.get(parent.slice(REF.length)) ?? -1]
      : undefined;
    return outcome === undefined || outcome instanceof HoldfastError ? parent : outcome.promise.id;
  };
  const asked = ready.map((at) => {
    const { promise, id = newId() } = items[at] as BulkItem;
    if (promise.dependsOn === undefined) return withId(promise, id);
    return withId({ ...promise, dependsOn: promise.dependsOn.map(idOf) }, id);
  });
  const made = await store.enqueue(asked).catch((error: unknown) => madeOf(store, asked, error));
  for (const [n, at] of ready.entries()) outcomes[at] = made[n];
}

/**
 * More than fits into one write was written in part: tells which promises are there.
 * @throws the error when none is, or when that cannot be told
 */
async function madeOf(
  store: BulkStore,
  asked: readonly { readonly id: string }[],
  error: unknown,
): Promise<BulkOutcome[]> {
  if (!(error instanceof HoldfastError) || error instanceof InputInvalidError) throw error;
  const known = await store.known(asked.map(({ id }) => id)).catch(() => undefined);
  if (known === undefined || known.size === 0) throw error;
  return Promise.all(
    asked.map(async ({ id }): Promise<BulkOutcome> => {
      const promise = known.has(id) ? await store.get(id) : undefined;
      return promise === undefined ? error : { promise, deduplicated: false };
    }),
  );
}

function openOf(outcomes: Outcomes): number[] {
  const open: number[] = [];
  for (const [at, outcome] of outcomes.entries()) if (outcome === undefined) open.push(at);
  return open;
}

function refusalOf({ promise }: BulkItem, intake: Intake): HoldfastError | undefined {
  try {
    intake.check(promise);
    return undefined;
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
}

/** Where each ref stands; a second one of a name is refused. */
function refsOf(items: readonly BulkItem[], outcomes: Outcomes): Map<string, number> {
  const byRef = new Map<string, number>();
  for (const [at, { ref }] of items.entries()) {
    if (ref === undefined) continue;
    if (byRef.has(ref)) outcomes[at] = refused('ref', 'must be unique in its call', ref);
    else byRef.set(ref, at);
  }
  return byRef;
}

function ownParents(item: BulkItem): readonly string[] {
  return item.promise.dependsOn?.filter((parent) => !parent.startsWith(REF)) ?? NOBODY;
}

function refParents(item: BulkItem | undefined): readonly string[] {
  const parents = item?.promise.dependsOn?.filter((parent) => parent.startsWith(REF));
  return parents?.map((parent) => parent.slice(REF.length)) ?? NOBODY;
}

/** Most of a thousand depend on none. */
const NOBODY: readonly string[] = [];

function isMade(outcomes: Outcomes, byRef: ReadonlyMap<string, number>, ref: string): boolean {
  const outcome = outcomes[byRef.get(ref) ?? -1];
  return outcome !== undefined && !(outcome instanceof HoldfastError);
}

function unknownParent(
  item: BulkItem,
  known: ReadonlySet<string>,
  byRef: ReadonlyMap<string, number>,
): HoldfastError | undefined {
  const missing = ownParents(item).find((id) => !known.has(id));
  if (missing !== undefined)
    return refused('dependsOn', 'must name promises that were made before', missing);
  const unnamed = refParents(item).find((ref) => !byRef.has(ref));
  if (unnamed === undefined) return undefined;
  return refused('dependsOn', 'must name a ref of the same call', REF + unnamed);
}

function noParent(item: BulkItem | undefined): HoldfastError {
  const rule = 'must not depend on what is refused, nor on itself in a circle';
  return refused(
    'dependsOn',
    rule,
    refParents(item)
      .map((ref) => REF + ref)
      .join(', '),
  );
}

function refused(path: string, rule: string, received: string): HoldfastError {
  return new InputInvalidError([{ path, rule, received: JSON.stringify(received) }]);
}
