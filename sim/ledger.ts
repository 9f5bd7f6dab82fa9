import type { Claim, Enqueue, Enqueued, Settlement, SettleOutcome } from '../src/promises/index.js';
import type { Snapshot } from './snapshot.js';

/** What runs fail of; no other error is theirs. */
export const RUN_ERROR = 'it did not work';

/**
 * What the outside was told, and what it has done: the engine's answers are held against it.
 * Each method answers what is wrong, or nothing.
 */
export class Ledger {
  /** Promises that were acknowledged, as they were asked for. */
  readonly acknowledged = new Map<string, Enqueue>();
  /** Tokens that workers have named in claims. */
  readonly tokens = new Set<string>();
  /** Calls of `retry` that were begun, by promise. */
  readonly retries = new Map<string, number>();
  /** Settlements that were seen in the database: `id.fence.outcome`. */
  readonly settled = new Set<string>();
  /** What runs make with their completion, which was sent and not seen yet: by `id.fence`. */
  readonly making = new Map<string, readonly Enqueue[]>();
  /** Promises that were seen cancelled. */
  readonly cancelled = new Set<string>();
  /** Fences that were given to workers: `id.fence`, and the token of the claim. */
  readonly #given = new Map<string, string>();
  /** When promises have begun, by queue. */
  readonly starts = new Map<string, number[]>();

  enqueued(item: Enqueue, made: Enqueued, now: Snapshot): string | undefined {
    const { promise, deduplicated } = made;
    if (deduplicated) {
      const isTwin = promise.key === (item.key ?? null) && promise.type === item.type;
      return isTwin ? undefined : `${item.id} was answered with another promise, ${promise.id}`;
    }
    if (promise.id !== item.id) return `${item.id} was made, and answered as ${promise.id}`;
    if (!now.promises.has(item.id)) return `${item.id} was acknowledged and is not there`;
    this.acknowledged.set(item.id, item);
    return undefined;
  }

  /** Settlements are about to be sent. */
  settling(settlements: readonly Settlement[]): string | undefined {
    for (const one of settlements) {
      const maker = `${one.id}.${one.fence}`;
      // The executor makes a failed run of an error that would come again.
      if (one.outcome === 'fail' && one.error.message !== RUN_ERROR)
        return `${maker} fails of "${one.error.message}"`;
      if (one.outcome !== 'complete' || one.children === undefined) continue;
      // Sent again, it makes nothing more, and retention may have taken what it made.
      if (!this.settled.has(`${maker}.complete`)) this.making.set(maker, one.children);
    }
    return undefined;
  }

  claimed(token: string, claims: readonly Claim[]): string | undefined {
    for (const { id, fence, payload } of claims) {
      const name = `${id}.${fence}`;
      const holder = this.#given.get(name);
      if (holder !== undefined && holder !== token) return `fence ${name} was given to two claims`;
      this.#given.set(name, token);
      const wanted = this.acknowledged.get(id)?.payload;
      if (wanted !== undefined && JSON.stringify(wanted) !== JSON.stringify(payload)) {
        return `${id} was given to a worker with another payload`;
      }
    }
    return undefined;
  }

  answered(settlement: Settlement, told: SettleOutcome, now: Snapshot): string | undefined {
    const { id, fence, outcome } = settlement;
    const name = `${id}.${fence}.${outcome}`;
    if (told.applied) {
      return this.settled.has(name) ? undefined : `${name} was acknowledged and never written`;
    }
    const row = now.promises.get(id);
    const isKept = row?.outcomeFence === fence && row.outcome === outcome;
    if (isKept) return `${name} was written, and its worker was told "${told.reason}"`;
    return told.reason === 'not-found' ? this.missed(id, now) : undefined;
  }

  /** Somebody was told that there is no such promise. */
  missed(id: string, now: Snapshot): string | undefined {
    const isThere = this.acknowledged.has(id) && now.promises.has(id);
    return isThere ? `${id} is there, and somebody was told that it is not` : undefined;
  }

  /** Notes what the database shows after a write. */
  look(now: Snapshot): void {
    for (const { id, status, outcome, outcomeFence } of now.promises.values()) {
      if (outcome !== null) this.settled.add(`${id}.${outcomeFence}.${outcome}`);
      if (status === 'cancelled') this.cancelled.add(id);
    }
  }
}
