import { HoldfastError, InputInvalidError } from '../core/index.js';
import type { Database } from '../db/index.js';
import { asMade, type MadeFacts, type Ticket } from './answers.js';
import type { CancelOutcome } from './cancel.js';
import type { ChangeOutcome, PromiseChange } from './change.js';
import type { ClaimAsk } from './claim.js';
import type { Claim } from './claimed.js';
import { type Enqueue, type Enqueued, freshPromise } from './enqueue.js';
import type { Explained } from './explain.js';
import type { Parent } from './family.js';
import type { Heartbeat, HeartbeatOutcome } from './heartbeat.js';
import { type LineCounts, linesIn } from './lines.js';
import type { PromiseFilter, PromisePage } from './page.js';
import { type Failure, PROMISE_DEFAULTS, type PromiseRecord } from './promise.js';
import type { Retried, RetryOutcome } from './retry.js';
import { isInScope, localName, type Scope, storedName, tenantOf } from './scope.js';
import { ScopedQueues } from './scoped-queues.js';
import { type HeldPromise, type Settlement, type SettleOutcome, selectHeld } from './settle.js';
import type { PromiseStore } from './store.js';

/**
 * The promises that a scope has: whatever is asked goes through here, names of queues
 * go in as the tenant calls them and come out the same, and what is outside is not there.
 * A promise's queue never changes, so that whose it is may be looked up before a write.
 */
export class ScopedPromises {
  readonly queues: ScopedQueues;

  constructor(
    private readonly store: PromiseStore,
    private readonly database: Database,
    readonly scope: Scope,
  ) {
    this.queues = new ScopedQueues(store.queues, scope);
  }

  /**
   * @throws HoldfastError `forbidden` for a queue outside the scope, and as
   *   `PromiseStore.enqueue`
   */
  async enqueue(items: readonly Enqueue[], ticket?: Ticket): Promise<Enqueued[]> {
    await this.#checkParents(items);
    const { tenant, queues } = this.scope;
    // Nothing to rename, and no key is taken by what the scope has not.
    if (tenant === '' && queues === null) return this.store.enqueue(items, ticket);
    const stored = items.map((item) => {
      const queue = this.queues.require(item.queue ?? PROMISE_DEFAULTS.queue);
      return tenant === '' ? item : { ...item, queue };
    });
    const made = await this.store.enqueue(stored, ticket);
    return made.map(({ promise, deduplicated }) => {
      if (this.#has(promise.queue)) return { promise: this.#local(promise), deduplicated };
      throw new HoldfastError('forbidden', 'the key is taken by a promise in another queue');
    });
  }

  /** A promise as its maker was told of it, from what was asked for. */
  remake(input: Enqueue, made: MadeFacts): PromiseRecord {
    const queue = input.queue ?? PROMISE_DEFAULTS.queue;
    return asMade(freshPromise({ input: { ...input, id: made.id }, queue }, made), made);
  }

  async get(id: string): Promise<PromiseRecord | undefined> {
    const promise = await this.store.get(id);
    return promise !== undefined && this.#has(promise.queue) ? this.#local(promise) : undefined;
  }

  async failures(id: string): Promise<Failure[]> {
    return (await this.#isMine(id)) ? this.store.failures(id) : [];
  }

  async explain(id: string): Promise<Explained | undefined> {
    const explained = await this.store.explain(id);
    if (explained === undefined || !this.#has(explained.queue)) return undefined;
    return { ...explained, queue: localName(explained.queue) };
  }

  async list(filter: Omit<PromiseFilter, 'scope'>): Promise<PromisePage> {
    const { scope } = this;
    const queue = filter.queue === undefined ? {} : { queue: this.queues.require(filter.queue) };
    const page = await this.store.list({ ...filter, ...queue, scope });
    return { ...page, promises: page.promises.map((promise) => this.#local(promise)) };
  }

  /** @throws HoldfastError `forbidden` for a queue outside the scope */
  async claim(ask: ClaimAsk & { readonly queues: readonly string[] }): Promise<Claim[]> {
    const queues = ask.queues.map((queue) => this.queues.require(queue));
    const claims = await this.store.claim({ ...ask, queues });
    return claims.map((claim) => ({ ...claim, queue: localName(claim.queue) }));
  }

  /** What a claim whose answer was lost still holds, by its token. */
  async reclaim(token: string): Promise<Claim[]> {
    const claims = await this.store.reclaim(token);
    return claims
      .filter(({ queue }) => this.#has(queue))
      .map((claim) => ({ ...claim, queue: localName(claim.queue) }));
  }

  nextWakeInMs(
    types: readonly string[] | undefined,
    queues: readonly string[],
  ): Promise<number | null> {
    const stored = queues.map((queue) => this.queues.require(queue));
    return this.store.nextWakeInMs(types, stored);
  }

  async heartbeat(beats: readonly Heartbeat[]): Promise<HeartbeatOutcome[]> {
    const mine = await this.#mine(beats.map(({ id }) => id));
    const outcomes = await this.store.heartbeat(beats.filter(({ id }) => mine.has(id)));
    const next = outcomes.values();
    return beats.map(({ id }) =>
      mine.has(id) ? (next.next().value as HeartbeatOutcome) : { id, held: false },
    );
  }

  async settle(items: readonly Settlement[]): Promise<SettleOutcome[]> {
    const mine = await this.#mine(items.map(({ id }) => id));
    const own = items.filter(({ id }) => mine.has(id));
    const settled = await this.store.settle(await this.#stored(own), mine);
    const next = settled.values();
    return items.map(({ id }) =>
      mine.has(id)
        ? (next.next().value as SettleOutcome)
        : { id, applied: false, reason: 'not-found' },
    );
  }

  async cancel(id: string, reason?: string): Promise<CancelOutcome> {
    return (await this.#isMine(id)) ? this.store.cancel(id, reason) : 'not-found';
  }

  async retry(id: string, token: string): Promise<RetryOutcome> {
    return (await this.#isMine(id)) ? this.store.retry(id, token) : 'not-found';
  }

  async retryAll(ids: readonly string[], token: string): Promise<ReadonlyMap<string, Retried>> {
    const mine = await this.#mine(ids);
    return this.store.retryAll(
      ids.filter((id) => mine.has(id)),
      token,
    );
  }

  async change(id: string, change: PromiseChange): Promise<ChangeOutcome> {
    return (await this.#isMine(id)) ? this.store.change(id, change) : 'not-found';
  }

  /** What each line holds. */
  async lines(): Promise<LineCounts[]> {
    const lines = await linesIn(this.database, this.scope);
    return lines.map((line) => ({ ...line, queue: localName(line.queue) }));
  }

  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set((await this.#mine(ids)).keys());
  }

  async parents(id: string): Promise<Parent[]> {
    if (!(await this.#isMine(id))) return [];
    const parents = await this.store.parents(id);
    const mine = await this.#mine(parents.map((parent) => parent.id));
    return parents.filter((parent) => mine.has(parent.id));
  }

  /** What runs make belongs to whoever settles them; parents that the scope has not count as kept. */
  async #stored(items: readonly Settlement[]): Promise<readonly Settlement[]> {
    const children = items.flatMap((item) => childrenOf(item));
    if (children.length === 0) return items;
    const parents = children.flatMap(({ dependsOn = [] }) => dependsOn);
    const known = new Set([...(await this.known(parents)), ...children.map(({ id }) => id)]);
    const stored = ({ dependsOn, onParentFailure, ...child }: Enqueue): Enqueue => {
      const queue = this.queues.require(child.queue ?? PROMISE_DEFAULTS.queue);
      const kept = dependsOn?.filter((id) => known.has(id)) ?? [];
      if (kept.length === 0) return { ...child, queue };
      return { ...child, queue, dependsOn: kept, ...(onParentFailure && { onParentFailure }) };
    };
    return items.map((item) =>
      item.outcome === 'complete' && item.children !== undefined
        ? { ...item, children: item.children.map(stored) }
        : item,
    );
  }

  #has(storedQueue: string): boolean {
    return isInScope(this.scope, storedQueue);
  }

  #local(promise: PromiseRecord): PromiseRecord {
    return this.scope.tenant === '' ? promise : { ...promise, queue: localName(promise.queue) };
  }

  async #isMine(id: string): Promise<boolean> {
    return (await this.#mine([id])).has(id);
  }

  /** Those of `ids` that are promises of the scope. */
  async #mine(ids: readonly string[]): Promise<Map<string, HeldPromise>> {
    if (ids.length === 0) return new Map();
    const asked = selectHeld(ids);
    const found = asked.read(await this.database.read(asked.statements, { label: 'promises.own' }));
    return new Map([...found].filter(([, { queue }]) => this.#has(queue)));
  }

  /** What a child is given of its parents must be of the same scope. */
  async #checkParents(items: readonly Enqueue[]): Promise<void> {
    if (items.every(({ dependsOn }) => dependsOn === undefined)) return;
    const parents = items.flatMap((item) => item.dependsOn ?? []);
    const mine = new Set([...(await this.known(parents)), ...items.map(({ id }) => id)]);
    for (const { dependsOn = [] } of items) {
      const at = dependsOn.findIndex((id) => !mine.has(id));
      if (at < 0) continue;
      const rule = 'must be the id of a promise that was made before';
      const received = JSON.stringify(dependsOn[at]);
      throw new InputInvalidError([{ path: `dependsOn.${at}`, rule, received }]);
    }
  }
}

function childrenOf(item: Settlement): readonly Enqueue[] {
  return item.outcome === 'complete' ? (item.children ?? []) : [];
}

/** Promises that a run makes belong to the tenant of its own. */
export function queueOfChild(parentQueue: string, queue: string | undefined): string {
  return storedName(tenantOf(parentQueue), queue ?? PROMISE_DEFAULTS.queue);
}
