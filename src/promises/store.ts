import {
  BACKOFF_DEFAULTS,
  backoffDelayMs,
  isWeather,
  type Random,
  systemRandom,
} from '../core/index.js';
import { type Database, databaseClock, type SqlClock } from '../db/index.js';
import { advance } from './advance.js';
import { type Ticket, withKeptTicket, withTicket } from './answers.js';
import { type CancelOutcome, cancelOperation } from './cancel.js';
import { type ChangeOutcome, changeOperation, type PromiseChange } from './change.js';
import type { ClaimLimits } from './choose.js';
import { type ClaimAsk, claimOperation } from './claim.js';
import { type Claim, reclaimOperation } from './claimed.js';
import { commitEnqueues } from './commit-enqueues.js';
import { commitSettlements } from './commit-settlements.js';
import type { Enqueue, Enqueued, PreparedEnqueue } from './enqueue.js';
import { type Explained, explain } from './explain.js';
import { checkParents, findKnown, findParents, type Parent } from './family.js';
import { Again, GroupCommit } from './group-commit.js';
import { type Heartbeat, type HeartbeatOutcome, heartbeatOperation } from './heartbeat.js';
import { cutSets, LIMITS } from './limits.js';
import { type LineFigures, lineFigures } from './line-figures.js';
import { lookForWork, nextWakeInMs, type QueueFigures, queueFigures } from './lines.js';
import { findFailures, findPromise } from './lookup.js';
import { type Operation, perform } from './operation.js';
import { type PromiseFilter, type PromisePage, promisePage } from './page.js';
import { Passengers } from './passengers.js';
import type { Failure, PromiseRecord } from './promise.js';
import { type PruneReport, prune } from './prune.js';
import { Queues } from './queues.js';
import { type RecoveryReport, recover } from './recover.js';
import { recoverWaiting, WAITING_START, type WaitingReport } from './recover-waiting.js';
import type { Archive } from './retention.js';
import { type Retried, type RetryOutcome, retryOperation } from './retry.js';
import {
  type HeldPromise,
  type PreparedSettlement,
  type Settlement,
  type SettleOutcome,
  selectHeld,
} from './settle.js';
import { PromiseTelemetry } from './telemetry.js';
import {
  openClaims,
  openMade,
  openParents,
  openPromises,
  prepareAll,
  prepareSettlements,
  sealPayload,
  type Vault,
} from './vault.js';

export interface PromiseStoreOptions {
  /** Default the database's own clock. */
  readonly clock?: SqlClock;
  /** Jitter. Default the system's. */
  readonly random?: Random;
  /** Default none: every body is stored as it is. */
  readonly vault?: Vault | undefined;
  /** Is given promises before retention deletes them. Default none: they are deleted. */
  readonly archive?: Archive | undefined;
  /** Counts on where another store, of the same database, has counted. Default one of its own. */
  readonly telemetry?: PromiseTelemetry | undefined;
  /**
   * The longest that the write of an enqueue or of a settlement waits, in milliseconds. Default 30,000.
   * What is read before or after it has the deadline of the database.
   */
  readonly deadlineMs?: number;
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The durable promises of one `queue` database. Every write is atomic, fenced,
 * and can be sent again; what changes many promises takes a list. Errors are the
 * database's (`database-…`) and those named on the methods.
 */
export class PromiseStore {
  /** Settings of queues, and what is paused. */
  readonly queues: Queues;
  /** What this process has done. */
  readonly telemetry: PromiseTelemetry;
  readonly #database: Database;
  readonly #clock: SqlClock;
  readonly #random: Random;
  readonly #vault: Vault | undefined;
  readonly #archive: Archive | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #losers = new Set<(ids: readonly string[]) => void>();
  readonly #enqueues: GroupCommit<PreparedEnqueue, Enqueued>;
  readonly #settlements: GroupCommit<PreparedSettlement, SettleOutcome>;
  /** Claims that may go with settlements. */
  readonly #riding: Passengers<Claim[]>;

  constructor(database: Database, options: PromiseStoreOptions = {}) {
    this.#database = database;
    this.#clock = options.clock ?? databaseClock;
    this.#random = options.random ?? systemRandom;
    this.#vault = options.vault;
    this.#archive = options.archive;
    this.telemetry = options.telemetry ?? new PromiseTelemetry();
    this.queues = new Queues(database, () => this.#changed());
    const cut = <T extends { readonly length: number }>(items: readonly T[]) =>
      cutSets(items, (item) => item.length);
    const { deadlineMs = 30_000 } = options;
    this.#enqueues = new GroupCommit((set, ms) => this.#commitEnqueues(set, ms), cut, {
      label: 'promises.enqueue',
      deadlineMs,
    });
    this.#settlements = new GroupCommit((set, ms) => this.#commitSettlements(set, ms), cut, {
      label: 'promises.settle',
      deadlineMs,
    });
    this.#riding = new Passengers(
      () => this.#settlements.isDue,
      (operation) => this.#performClaim(operation),
    );
  }

  /**
   * Makes promises; resolves when they are durable. Concurrent calls share one write.
   * @throws HoldfastError `payload-too-large`; `input-invalid` when a promise depends on
   *   one that there is not, or on itself in a circle; `constraint-violated` when the key
   *   of the `ticket`, which goes into the same write, is taken
   */
  async enqueue(items: readonly Enqueue[], ticket?: Ticket): Promise<Enqueued[]> {
    await checkParents(this.#database, items);
    const prepared = await prepareAll(items, this.#vault);
    const asked = ticket === undefined ? prepared : withTicket(prepared, ticket);
    return openMade(await this.#enqueues.add(asked), this.#vault);
  }

  async get(id: string): Promise<PromiseRecord | undefined> {
    const found = ID.test(id) ? await findPromise(this.#database, id) : undefined;
    return found && (await openPromises([found], this.#vault))[0];
  }

  /** The attempts of a promise that failed or crashed, oldest first. */
  async failures(id: string): Promise<Failure[]> {
    return ID.test(id) ? findFailures(this.#database, id) : [];
  }

  async list(filter: PromiseFilter): Promise<PromisePage> {
    const page = await promisePage(this.#database, filter);
    return { ...page, promises: await openPromises(page.promises, this.#vault) };
  }

  /** Why a promise is not running, by the rules of the claim; undefined when there is none. */
  async explain(id: string): Promise<Explained | undefined> {
    return ID.test(id) ? explain(this.#database, this.#clock, id) : undefined;
  }

  /**
   * Takes due promises for a lease, within the limits of their queues. Nothing due takes no lock.
   * @param options.isLikely that something is due is likely: it is taken without a look before,
   *   one round trip less, if no queue has limits
   */
  async claim(ask: ClaimAsk, options: { readonly isLikely?: boolean } = {}): Promise<Claim[]> {
    const taken = options.isLikely ? await this.#takeLikely(ask) : [];
    if (taken.length > 0) return taken;
    let look = await lookForWork(this.#database, this.#clock, ask);
    if (look.isAdvanceDue) {
      await this.advance();
      look = await lookForWork(this.#database, this.#clock, ask);
    }
    return look.isReady ? this.#take(ask, look.isLimited ? 'limited' : 'unlimited') : [];
  }

  /** Moves on what waits for nothing any more, and ends what has expired. Nothing to do is one read. */
  async advance(): Promise<void> {
    if ((await advance(this.#database, this.#clock)) > 0) this.#changed();
  }

  /** What a claim whose answer was lost still holds, by its token. */
  async reclaim(token: string): Promise<Claim[]> {
    const claims = await this.#read(reclaimOperation(token), 'promises.claim');
    this.telemetry.claimed(claims);
    return openClaims(claims, this.#vault);
  }

  /** Extends leases that are still held; a beat that is not `held` has lost its promise. */
  async heartbeat(beats: readonly Heartbeat[]): Promise<HeartbeatOutcome[]> {
    if (beats.length === 0) return [];
    const operation = heartbeatOperation(beats, this.#clock);
    const [outcomes] = await perform(this.#database, 'promises.heartbeat', [operation]);
    return outcomes;
  }

  /**
   * Ends attempts. Concurrent calls share one write; one sent again gets the stored answer.
   * @param held what is known of the promises, by id: a claim is enough. The rest is read.
   * @throws HoldfastError `payload-too-large` when a result is
   */
  async settle(
    items: readonly Settlement[],
    held: ReadonlyMap<string, HeldPromise> = new Map(),
  ): Promise<SettleOutcome[]> {
    const unknown = items.filter(({ id }) => !held.has(id)).map(({ id }) => id);
    const read =
      unknown.length === 0
        ? held
        : await this.#read(selectHeld(unknown, this.#clock), 'promises.settle');
    const outcomes = items.map(({ id }): SettleOutcome => {
      return { id, applied: false, reason: 'not-found' };
    });
    const known = [...items.entries()].flatMap(([at, item]) => {
      const promise = held.get(item.id) ?? read.get(item.id);
      return promise === undefined ? [] : [{ at, item, promise }];
    });
    const ready = await prepareSettlements(
      known.map(({ item, promise }) => [this.#withDelay(item, promise), promise]),
      this.#vault,
    );
    const settled = await this.#settlements.add(ready);
    for (const [index, { at }] of known.entries()) outcomes[at] = settled[index] as SettleOutcome;
    return outcomes;
  }

  /** Cancels a promise, also while it runs. */
  async cancel(id: string, reason = 'cancelled on request'): Promise<CancelOutcome> {
    if (!ID.test(id)) return 'not-found';
    const operation = cancelOperation(id, reason, this.#clock);
    const [outcome] = await perform(this.#database, 'promises.cancel', [operation]);
    if (outcome === 'cancelled') this.tellLost([id]);
    this.#changed();
    await this.advance();
    return outcome;
  }

  /** Runs a settled promise again. `token` names the call: the same one again gives the same answer. */
  async retry(id: string, token: string): Promise<RetryOutcome> {
    return (await this.retryAll([id], token)).get(id)?.outcome ?? 'not-found';
  }

  /** Runs settled promises again, at most 1,000. Answers those that are there, by id. */
  async retryAll(ids: readonly string[], token: string): Promise<ReadonlyMap<string, Retried>> {
    const operation = retryOperation(ids, token, this.#clock);
    const [outcomes] = await perform(this.#database, 'promises.retry', [operation]);
    this.#changed();
    await this.advance();
    return outcomes;
  }

  /** Changes a promise that waits to run, or a dead letter before it is run again. */
  async change(id: string, change: PromiseChange): Promise<ChangeOutcome> {
    const stored = await this.#sealChange(id, change);
    const operation = changeOperation(id, stored, this.#clock);
    const [outcome] = await perform(this.#database, 'promises.change', [operation]);
    this.#changed();
    await this.advance();
    return outcome;
  }

  /** One slice of recovery: promises whose lease is over, and whatever nothing else would wake. */
  async recover(options: { readonly limit?: number } = {}): Promise<RecoveryReport> {
    await this.advance();
    const report = await recover(this.#database, this.#clock, options.limit ?? LIMITS.sliceMax);
    if (report.stalled + report.orphaned > 0) this.#changed();
    this.telemetry.recovered(report.promises);
    return report;
  }

  /**
   * One slice of the look for promises that wait for settled parents, lanes and limits counted wrong.
   * @param after the `next` of the slice before
   */
  async recoverWaiting(after = WAITING_START): Promise<WaitingReport> {
    const report = await recoverWaiting(this.#database, this.#clock, after);
    if (report.promises.length > 0) {
      this.#changed();
      await this.advance();
    }
    return report;
  }

  /**
   * One slice of retention: promises settled more than `settledBeforeMs` ago, where their
   * queue has no rule of its own.
   */
  prune(options: {
    readonly settledBeforeMs: number;
    readonly limit?: number;
  }): Promise<PruneReport> {
    const limit = Math.min(options.limit ?? LIMITS.sliceMax, LIMITS.sliceMax);
    const { settledBeforeMs } = options;
    return prune(this.#database, this.#clock, { settledBeforeMs, limit, archive: this.#archive });
  }

  figures(): Promise<QueueFigures> {
    return queueFigures(this.#database, this.#clock);
  }

  /** The same, line by line. */
  lineFigures(deadlineMs: number): Promise<LineFigures[]> {
    return lineFigures(this.#database, this.#clock, deadlineMs);
  }

  /** Those of `ids` that are promises. */
  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return ids.length === 0 ? new Set() : findKnown(this.#database, ids);
  }

  /** The promises that one depends on, with their results. */
  async parents(id: string): Promise<Parent[]> {
    return ID.test(id) ? openParents(await findParents(this.#database, id), this.#vault) : [];
  }

  /** Milliseconds until something can be done for these types; null when nothing will be by itself. */
  nextWakeInMs(types?: readonly string[], queues?: readonly string[]): Promise<number | null> {
    return nextWakeInMs(this.#database, this.#clock, { types, queues });
  }

  /** The same for claims alone: the ends of others' leases are left out. */
  async nextReadyInMs(types: readonly string[]): Promise<number | null> {
    return (await lookForWork(this.#database, this.#clock, { types })).readyInMs;
  }

  /**
   * Calls `listener` after writes of this store, and of any other connection to
   * the same file. Returns how to stop.
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    const stop = this.#database.onForeignCommit(listener);
    return () => {
      this.#listeners.delete(listener);
      stop();
    };
  }

  /** Tells listeners of promises that others have made on the same connection. */
  notify(): void {
    this.#changed();
  }

  /**
   * Calls `listener` when promises may have been taken from their runs here: whoever runs
   * them looks whether they are still held. Returns how to stop.
   */
  onLost(listener: (ids: readonly string[]) => void): () => void {
    this.#losers.add(listener);
    return () => {
      this.#losers.delete(listener);
    };
  }

  /** Says that promises were cancelled past this store: their runs in this process end at once. */
  tellLost(ids: readonly string[]): void {
    if (ids.length === 0) return;
    for (const listener of this.#losers) listener(ids);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  async #take(ask: ClaimAsk, limits: ClaimLimits): Promise<Claim[]> {
    return this.#taken(await this.#performClaim(claimOperation(ask, this.#clock, limits)));
  }

  /** With the settlements of what ran before, where there are some. */
  async #takeLikely(ask: ClaimAsk): Promise<Claim[]> {
    const operation = claimOperation(ask, this.#clock, 'unless-limited');
    return this.#taken(await this.#riding.ride(operation));
  }

  async #performClaim(operation: Operation<Claim[]>): Promise<Claim[]> {
    const [claims] = await perform(this.#database, 'promises.claim', [operation]);
    return claims;
  }

  #taken(claims: readonly Claim[]): Promise<Claim[]> {
    this.telemetry.claimed(claims);
    if (claims.length > 0) this.#changed();
    return openClaims(claims, this.#vault);
  }

  async #commitEnqueues(
    set: readonly PreparedEnqueue[],
    deadlineMs: number,
  ): Promise<(Enqueued | Again<PreparedEnqueue>)[]> {
    const written = await commitEnqueues(this.#database, this.#clock, set, deadlineMs);
    if (written.hasMade) this.#changed();
    this.telemetry.enqueued(written.outcomes);
    // A key became free between the write and the look: now it can be made.
    const again = (at: number) => new Again(withKeptTicket(set[at] as PreparedEnqueue));
    return written.outcomes.map((outcome, at) => outcome ?? again(at));
  }

  async #commitSettlements(
    set: readonly PreparedSettlement[],
    deadlineMs: number,
  ): Promise<SettleOutcome[]> {
    const claims = this.#riding.board();
    const commit = (aboard: typeof claims) =>
      commitSettlements(this.#database, this.#clock, set, deadlineMs, aboard);
    const written = await commit(claims).catch((error: unknown) => {
      for (const claim of claims) claim.strand(error);
      if (claims.length === 0 || isWeather(error)) throw error;
      // Whoever was to blame: neither pays for the other.
      return commit([]);
    });
    const { outcomes, firsts } = written;
    if (written.hasApplied) this.#changed();
    if (written.releases) await this.advance();
    for (const [at, one] of set.entries()) {
      if (firsts.has(one)) this.telemetry.settled(one, outcomes[at]?.applied);
    }
    return outcomes;
  }

  /** A failure that brings no delay gets the one of its promise's backoff. */
  #withDelay(item: Settlement, { backoff, attempt }: HeldPromise): Settlement {
    if (item.outcome !== 'fail' || item.delayMs !== undefined) return item;
    const delayMs = backoffDelayMs(backoff ?? BACKOFF_DEFAULTS, attempt, this.#random());
    return { ...item, delayMs };
  }

  async #sealChange(id: string, change: PromiseChange): Promise<PromiseChange> {
    const { payload } = change;
    if (payload === undefined || this.#vault === undefined) return change;
    const type = (await this.get(id))?.type ?? '';
    return { ...change, payload: await sealPayload(type, payload, this.#vault) };
  }

  async #read<T>(operation: Operation<T>, label: string): Promise<T> {
    return operation.read(await this.#database.read(operation.statements, { label }));
  }
}
