import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { heldLocks } from '#db/context';
import { type Checkpoint, noCheckpoint } from '../checkpoint.js';
import { isBadConnection, isBusy } from '../classify-error.js';
import { closedError, WouldDeadlockError } from '../errors.js';
import type { DatabaseSettings } from '../settings.js';
import { breath } from './breath.js';
import { Checkpointer } from './checkpointer.js';
import type { Connection } from './connection.js';
import type { EngineOptions } from './engine-options.js';
import { type Call, LockWaits } from './lock-waits.js';
import { openConnection } from './open-connection.js';
import { OpenTransaction } from './open-transaction.js';
import { ReaderPool } from './reader-pool.js';
import { WriteLock } from './write-lock.js';
import { type Turn, WriterLane } from './writer-lane.js';

const CLOSE_WAIT_MS = 5_000;

/**
 * The connections of one file, and who may use them. Errors of SQL leave as the
 * binding throws them; errors of locking are ours.
 */
export class LocalEngine {
  readonly lane: WriterLane;
  readonly readers: ReaderPool;
  readonly waits: LockWaits;
  readonly #options: EngineOptions;
  readonly #lock: WriteLock;
  readonly #checkpointer: Checkpointer;
  #writer: Connection | undefined;
  #transaction: OpenTransaction | undefined;
  #commits = 0;
  #closed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.waits = new LockWaits(options.clock, options.random, options.recorder);
    this.lane = new WriterLane(options.name, options.clock);
    this.#lock = new WriteLock(options.clock, options.random);
    this.readers = new ReaderPool(options, (reader, reason) => this.discard(reader, reason));
    this.#checkpointer = new Checkpointer(options, this);
    this.lane.onWait = () => this.#transaction?.othersWait();
  }

  get closed(): boolean {
    return this.#closed;
  }

  get single(): boolean {
    return this.#options.single;
  }

  get settings(): DatabaseSettings {
    return this.#options.settings;
  }

  /** Opens the writer now. @throws BUSY of the binding when somebody changes the journal mode right now */
  openNow(): void {
    this.#writerNow();
    this.#checkpointer.start();
  }

  /** Opens the writer, waiting for others where needed. Makes the file's folder. */
  async open(call: Call): Promise<void> {
    if (!this.single) mkdirSync(dirname(this.#options.target.path), { recursive: true });
    await this.waits.whenFree(call, () => this.openNow());
  }

  /**
   * Runs `work` with a reader, never behind a writer. `work` must not await.
   * With `snapshot` all its statements see one state.
   */
  async read<T>(call: Call, snapshot: boolean, work: (connection: Connection) => T): Promise<T> {
    const startedAt = this.#options.clock.monotonic();
    if (this.single) return this.#readInLane(call, work, startedAt);
    if (breath.overdue()) await breath.take();
    try {
      return this.readers.run(snapshot, work);
    } catch (error) {
      if (!isBusy(error)) throw error;
      return await this.waits.whenFree(call, () => this.readers.run(snapshot, work));
    } finally {
      this.waits.countRead(call, startedAt);
    }
  }

  /** Runs `work` in one IMMEDIATE transaction. `work` must not await. */
  async write<T>(call: Call, work: (connection: Connection) => T): Promise<T> {
    let turn = this.#closed ? undefined : this.lane.tryEnter(call.label);
    if (turn === undefined || !this.#beginNow(turn)) turn = await this.#beginLater(turn, call);
    try {
      return await this.#commitAfter(call, work);
    } finally {
      this.#release(turn, call);
    }
  }

  /** Opens an interactive IMMEDIATE transaction, which holds the lock until it ends. */
  async begin(call: Call, holdMsMax: number, owner: object): Promise<OpenTransaction> {
    let turn = this.#closed ? undefined : this.lane.tryEnter(call.label);
    if (turn === undefined || !this.#beginNow(turn)) turn = await this.#beginLater(turn, call);
    const held = turn;
    const transaction = new OpenTransaction({
      connection: this.#writerNow(),
      label: call.label,
      turn: held,
      holdMsMax,
      owner,
      lane: this.lane,
      clock: this.#options.clock,
      recorder: this.#options.recorder,
      commit: async () => {
        if (!this.#commitNow(this.#writerNow())) await this.#commitLater(call);
      },
      rollback: (error) => this.rollback(error),
      ended: () => {
        this.#transaction = undefined;
        this.#release(held, call);
      },
    });
    this.#transaction = transaction;
    if (this.lane.waiting > 0) transaction.othersWait();
    return transaction;
  }

  /**
   * Waits for the lane and gives the writer outside any transaction; what is left
   * open is rolled back. Each `step` is repeated while it meets BUSY, so it must be
   * one `exec`.
   */
  async withWriter<T>(
    call: Call,
    work: (step: <S>(step: (connection: Connection) => S) => Promise<S>) => Promise<T>,
  ): Promise<T> {
    const turn = await this.#enter(call);
    try {
      return await work((step) => this.waits.whenFree(call, () => this.#stepNow(step)));
    } finally {
      this.rollback(undefined);
      this.#commits += 1;
      this.#release(turn, call);
    }
  }

  /** One IMMEDIATE transaction with `before` run ahead of it and `after` behind it, in one turn. */
  async writeBetween<T>(
    call: Call,
    before: string,
    after: string,
    work: (connection: Connection) => T,
  ): Promise<T> {
    return await this.withWriter(call, async (step) => {
      await step((connection) => connection.exec(before));
      try {
        await step((connection) => connection.exec('BEGIN IMMEDIATE'));
        return await this.#commitAfter(call, work);
      } finally {
        this.rollback(undefined);
        await step((connection) => connection.exec(after));
      }
    });
  }

  /** Closes a connection that turned bad; the next call opens another. */
  discard(connection: Connection, reason: string): void {
    if (connection === this.#writer) this.#writer = undefined;
    try {
      connection.close();
    } catch (error) {
      this.#options.log.warn('database-close-failed', { database: this.#options.name, error });
    }
    this.#options.recorder.emit({ kind: 'connection-discarded', reason });
  }

  /** Waits its turn, then moves what the WAL holds into the file (F9). */
  async checkpoint(call: Call): Promise<Checkpoint> {
    const { checkpoints } = this.#options;
    if (this.single || !checkpoints.enabled || this.settings.journalMode !== 'wal') {
      return noCheckpoint('skipped', this.#options.clock.now());
    }
    const turn = await this.#beginLater(undefined, call);
    try {
      const checkpoint = await this.#checkpointer.run();
      this.#options.recorder.emit({ kind: 'checkpoint', checkpoint });
      return checkpoint;
    } finally {
      this.rollback(undefined);
      this.#release(turn, call);
    }
  }

  /** Bytes of the `-wal` file; null where there is none. Only `stat` is safe on a live file (F14). */
  walBytes(): number | null {
    if (this.single) return null;
    return statSync(`${this.#options.target.path}-wal`, { throwIfNoEntry: false })?.size ?? null;
  }

  /** Changes when another connection than the writer has committed; undefined while a transaction is open. */
  dataVersion(): unknown {
    const writer = this.#writerNow();
    if (writer.inTransaction) return undefined;
    return this.inspect(() => writer.value('PRAGMA data_version'));
  }

  /** Equal as long as nobody has committed, here or elsewhere. */
  commitStamp(): string {
    return this.inspect((writer) => `${writer.value('PRAGMA data_version')}:${this.#commits}`);
  }

  /** Looks at the writer without waiting for whoever uses it; `work` must only read settings. */
  inspect<T>(work: (writer: Connection) => T): T {
    const writer = this.#writerNow();
    // BUSY must meet `exec` first: a prepared statement would be poisoned by it (F4).
    writer.exec('SELECT 1 FROM sqlite_schema LIMIT 1');
    return work(writer);
  }

  /** Rolls back what is open on the writer; a writer that cannot is replaced. */
  rollback(cause: unknown): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    try {
      if (writer.inTransaction) writer.exec('ROLLBACK');
    } catch (error) {
      this.discard(writer, 'rollback failed');
      this.#options.log.error('database-rollback-failed', { database: this.#options.name, error });
      return;
    }
    if (cause !== undefined && isBadConnection(cause))
      this.discard(writer, 'failed in a transaction');
  }

  /** Waits for the operation under way, then closes every connection. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.lane
      .enter({ label: 'close', deadlineMs: CLOSE_WAIT_MS })
      .catch(() => this.#transaction?.expire());
    await this.#checkpointer.stop();
    this.closeNow();
  }

  /** Closes at once: what waits fails, what is open is rolled back. */
  closeNow(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.lane.close();
    this.#transaction?.abandon();
    this.rollback(undefined);
    this.#checkpointer.stopSoon();
    this.readers.close();
    this.#writer?.close();
    this.#writer = undefined;
  }

  async #readInLane<T>(call: Call, work: (c: Connection) => T, startedAt: number): Promise<T> {
    if (breath.overdue()) await breath.take();
    const turn = await this.#enter(call);
    try {
      return work(this.#writerNow());
    } finally {
      this.lane.leave(turn);
      this.waits.countRead(call, startedAt);
    }
  }

  #writerNow(): Connection {
    if (this.#closed) throw closedError(this.#options.name);
    if (this.#writer?.open) return this.#writer;
    const role = this.single ? 'only' : 'writer';
    const writer = openConnection(this.#options.target, this.settings, role);
    this.readers.prepare(writer);
    this.#writer = writer;
    return writer;
  }

  #stepNow<S>(step: (connection: Connection) => S): S {
    const writer = this.#writerNow();
    try {
      return step(writer);
    } catch (error) {
      if (isBadConnection(error)) this.discard(writer, 'a step failed');
      throw error;
    }
  }

  /** Begins without waiting; false leaves the turn with its holder. */
  #beginNow(turn: Turn): boolean {
    if (this.#writer === undefined || breath.overdue()) return false;
    try {
      const begun = this.#lock.tryBegin(this.#writer, turn.since);
      if (begun === 'busy') this.#options.recorder.busy(turn.label, 1, 0);
      return begun === 'begun';
    } catch (error) {
      this.rollback(error);
      this.lane.leave(turn);
      throw error;
    }
  }

  async #beginLater(entered: Turn | undefined, call: Call): Promise<Turn> {
    const startedAt = this.#options.clock.monotonic();
    const turn = entered ?? (await this.#enter(call));
    try {
      if (breath.overdue()) await breath.take();
      const left = () =>
        Math.max(0, call.deadlineMs - (this.#options.clock.monotonic() - startedAt));
      await this.waits.whenFree({ ...call, deadlineMs: left() }, () => this.#writerNow());
      const { recorder } = this.#options;
      const onBusy = (times: number, ms: number) => recorder.busy(call.label, times, ms);
      const options = { ...call, deadlineMs: left(), onBusy };
      const busy = await this.#lock.begin(this.#writerNow(), options);
      if (busy > 0) this.waits.countWait(call, startedAt, 'another process');
      return turn;
    } catch (error) {
      this.rollback(error);
      this.waits.countDeadline(call, error);
      this.lane.leave(turn);
      throw error;
    }
  }

  async #enter(call: Call): Promise<Turn> {
    if (this.#closed) throw closedError(this.#options.name);
    const turn = this.lane.tryEnter(call.label);
    if (turn !== undefined) return turn;
    if (this.#transaction !== undefined && heldLocks.has(this.#transaction.owner)) {
      throw new WouldDeadlockError(call.label, this.#transaction.label);
    }
    const heldBy = this.lane.turn?.label ?? 'nobody';
    const startedAt = this.#options.clock.monotonic();
    try {
      const given = await this.lane.enter(call);
      this.waits.countWait(call, startedAt, heldBy);
      return given;
    } catch (error) {
      this.waits.countDeadline(call, error);
      throw error;
    }
  }

  async #commitAfter<T>(call: Call, work: (connection: Connection) => T): Promise<T> {
    const writer = this.#writerNow();
    let result: T;
    try {
      result = work(writer);
    } catch (error) {
      this.rollback(error);
      throw error;
    }
    if (!this.#commitNow(writer)) await this.#commitLater(call);
    return result;
  }

  /** False when a reader of another connection is in the way, as journal mode DELETE allows (F17). */
  #commitNow(writer: Connection): boolean {
    try {
      writer.exec('COMMIT');
      this.#commits += 1;
      return true;
    } catch (error) {
      const readersBlock = this.settings.journalMode !== 'wal' && !this.single;
      if (isBusy(error) && writer.inTransaction && readersBlock) return false;
      this.rollback(error);
      // In WAL nobody can be in the way of a COMMIT: a statement of this connection was never reset (F4).
      if (isBusy(error) && this.#writer === writer)
        this.discard(writer, 'a statement was never reset');
      throw error;
    }
  }

  async #commitLater(call: Call): Promise<void> {
    try {
      await this.waits.whenFree(call, () => this.#writerNow().exec('COMMIT'));
      this.#commits += 1;
    } catch (error) {
      this.rollback(error);
      throw error;
    }
  }

  #release(turn: Turn, call: Call): void {
    const now = this.#options.clock.monotonic();
    this.#lock.released(now);
    this.lane.leave(turn);
    this.waits.countWrite(call, now - turn.since);
    this.#checkpointer.written(now);
  }
}
