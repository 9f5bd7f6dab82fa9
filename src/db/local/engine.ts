import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock, Log, Random } from '../../core/index.js';
import { type Checkpoint, noCheckpoint } from '../checkpoint.js';
import { isBadConnection, isBusy } from '../classify-error.js';
import { abortedError, closedError, DatabaseBusyError, WouldDeadlockError } from '../errors.js';
import { heldLocks } from '#db/context';
import type { CheckpointPolicy } from '../open-options.js';
import type { DatabaseSettings } from '../settings.js';
import type { TelemetryRecorder } from '../telemetry.js';
import { breath } from './breath.js';
import { Checkpointer } from './checkpointer.js';
import type { Connection, ConnectionTarget } from './connection.js';
import { openConnection } from './open-connection.js';
import { OpenTransaction } from './open-transaction.js';
import { WriteLock } from './write-lock.js';
import { type Turn, WriterLane } from './writer-lane.js';

export interface EngineOptions {
  readonly name: string;
  readonly target: ConnectionTarget;
  /** One connection for everything: what `:memory:` needs, since each connection is a database of its own (F11). */
  readonly single: boolean;
  readonly settings: DatabaseSettings;
  readonly checkpoints: CheckpointPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly recorder: TelemetryRecorder;
}

/** One call as the engine sees it. */
export interface Call {
  readonly label: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Idle readers kept; more are opened while read transactions hold them, and closed afterwards. */
const IDLE_READERS_MAX = 4;
const CLOSE_WAIT_MS = 5_000;

/**
 * The connections of one file, and who may use them. Errors of SQL leave as the
 * binding throws them; errors of locking are ours.
 */
export class LocalEngine {
  readonly lane: WriterLane;
  readonly #options: EngineOptions;
  readonly #clock: Clock;
  readonly #recorder: TelemetryRecorder;
  readonly #lock: WriteLock;
  readonly #readers: Connection[] = [];
  readonly #checkpointer: Checkpointer;
  #writer: Connection | undefined;
  #transaction: OpenTransaction | undefined;
  #closed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#recorder = options.recorder;
    this.lane = new WriterLane(options.name, options.clock);
    this.#lock = new WriteLock(options.clock, options.random);
    this.#checkpointer = new Checkpointer(options, this);
    this.lane.onWait = () => this.#transaction?.othersWait();
  }

  get closed(): boolean {
    return this.#closed;
  }

  get settings(): DatabaseSettings {
    return this.#options.settings;
  }

  /** Opens the writer now. @throws BUSY of the binding when somebody changes the journal mode right now */
  openNow(): void {
    this.#writerNow();
  }

  /** Opens the writer, waiting for others where needed. Makes the file's folder. */
  async open(call: Call): Promise<void> {
    if (!this.#options.single) mkdirSync(dirname(this.#options.target.path), { recursive: true });
    await this.#whenFree(call, () => this.#writerNow());
    this.#checkpointer.start();
  }

  /** Runs `work` with a reader, never behind a writer. `work` must not await. */
  async read<T>(call: Call, work: (connection: Connection) => T): Promise<T> {
    const startedAt = this.#clock.monotonic();
    if (this.#options.single) return this.#readInLane(call, work, startedAt);
    if (breath.overdue()) await breath.take();
    try {
      return await this.#whenFree(call, () => this.#readNow(work));
    } finally {
      const counts = this.#recorder.of(call.label);
      counts.reads += 1;
      counts.readMsMax = Math.max(counts.readMsMax, this.#clock.monotonic() - startedAt);
    }
  }

  /** Runs `work` in one IMMEDIATE transaction. `work` must not await. */
  async write<T>(call: Call, work: (connection: Connection) => T): Promise<T> {
    let turn = this.#closed ? undefined : this.lane.tryEnter(call.label);
    if (turn === undefined || !this.#beginNow(turn)) turn = await this.#beginLater(turn, call);
    try {
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
    } finally {
      this.#release(turn, call);
    }
  }

  /** Opens an interactive IMMEDIATE transaction, which holds the lock until it ends. */
  async begin(call: Call, holdMsMax: number): Promise<OpenTransaction> {
    let turn = this.#closed ? undefined : this.lane.tryEnter(call.label);
    if (turn === undefined || !this.#beginNow(turn)) turn = await this.#beginLater(turn, call);
    const held = turn;
    const transaction = new OpenTransaction({
      connection: this.#writerNow(),
      label: call.label,
      turn: held,
      holdMsMax,
      lane: this.lane,
      clock: this.#clock,
      recorder: this.#recorder,
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

  /** Waits for the lane and runs `work` with the writer outside any transaction. */
  async withWriter<T>(call: Call, work: (connection: Connection) => T | Promise<T>): Promise<T> {
    const turn = await this.#enter(call);
    try {
      return await work(await this.#whenFree(call, () => this.#writerNow()));
    } finally {
      if (this.#writer?.inTransaction) this.rollback(undefined);
      this.#release(turn, call);
    }
  }

  /** A reader that stays with its borrower until `giveBack`. */
  borrowReader(): Connection {
    if (this.#closed) throw closedError(this.#options.name);
    return this.#readers.pop() ?? openConnection(this.#options.target, this.settings, 'reader');
  }

  giveBack(reader: Connection): void {
    if (this.#closed || !reader.open || this.#readers.length >= IDLE_READERS_MAX) reader.close();
    else this.#readers.push(reader);
  }

  /** Closes a connection that turned bad; the next call opens another. */
  discard(connection: Connection, reason: string): void {
    if (connection === this.#writer) this.#writer = undefined;
    try {
      connection.close();
    } catch (error) {
      this.#options.log.warn('database-close-failed', { database: this.#options.name, error });
    }
    this.#recorder.emit({ kind: 'connection-discarded', reason });
  }

  /** Each connection that is open and idle, and the writer. */
  connections(): Connection[] {
    return [...(this.#writer === undefined ? [] : [this.#writer]), ...this.#readers];
  }

  /** Waits its turn, then moves what the WAL holds into the file (F9). */
  async checkpoint(call: Call): Promise<Checkpoint> {
    const { checkpoints, single, settings } = this.#options;
    if (single || !checkpoints.enabled || settings.journalMode !== 'wal') {
      return noCheckpoint('skipped', this.#clock.now());
    }
    const turn = await this.#beginLater(undefined, call);
    try {
      const checkpoint = await this.#checkpointer.run();
      this.#recorder.emit({ kind: 'checkpoint', checkpoint });
      return checkpoint;
    } finally {
      this.rollback(undefined);
      this.#release(turn, call);
    }
  }

  /** Bytes of the `-wal` file; null where there is none. Only `stat` is safe on a live file (F14). */
  walBytes(): number | null {
    if (this.#options.single) return null;
    return statSync(`${this.#options.target.path}-wal`, { throwIfNoEntry: false })?.size ?? null;
  }

  /** Changes when another connection than the writer has committed; undefined while a transaction is open. */
  dataVersion(): unknown {
    const writer = this.#writerNow();
    if (writer.inTransaction) return undefined;
    // BUSY must meet `exec` first: on a prepared statement it would poison the writer (F4).
    writer.exec('PRAGMA data_version');
    return writer.value('PRAGMA data_version');
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
    const call = { label: 'close', deadlineMs: CLOSE_WAIT_MS };
    await this.lane.enter(call).catch(() => this.#transaction?.expire());
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
    this.#checkpointer.stop().catch(() => {});
    for (const connection of this.connections()) connection.close();
    this.#readers.length = 0;
    this.#writer = undefined;
  }

  async #readInLane<T>(call: Call, work: (c: Connection) => T, startedAt: number): Promise<T> {
    const turn = await this.#enter(call);
    try {
      return work(this.#writerNow());
    } finally {
      this.lane.leave(turn);
      const counts = this.#recorder.of(call.label);
      counts.reads += 1;
      counts.readMsMax = Math.max(counts.readMsMax, this.#clock.monotonic() - startedAt);
    }
  }

  #readNow<T>(work: (connection: Connection) => T): T {
    const reader = this.borrowReader();
    try {
      const result = work(reader);
      this.giveBack(reader);
      return result;
    } catch (error) {
      // A prepared statement that met BUSY is never reset (F4), so its connection goes.
      if (isBusy(error) || isBadConnection(error)) this.discard(reader, 'a read failed');
      else {
        if (reader.inTransaction) reader.exec('ROLLBACK');
        this.giveBack(reader);
      }
      throw error;
    }
  }

  #writerNow(): Connection {
    if (this.#closed) throw closedError(this.#options.name);
    if (this.#writer?.open) return this.#writer;
    const { target, single } = this.#options;
    this.#writer = openConnection(target, this.settings, single ? 'only' : 'writer');
    return this.#writer;
  }

  /** Begins without waiting; false leaves the turn with its holder. */
  #beginNow(turn: Turn): boolean {
    if (this.#writer === undefined || breath.overdue()) return false;
    try {
      return this.#lock.tryBegin(this.#writer, turn.since);
    } catch (error) {
      this.#failBegin(error);
      this.lane.leave(turn);
      throw error;
    }
  }

  async #beginLater(entered: Turn | undefined, call: Call): Promise<Turn> {
    const startedAt = this.#clock.monotonic();
    const turn = entered ?? (await this.#enter(call));
    try {
      if (breath.overdue()) await breath.take();
      const left = () => Math.max(0, call.deadlineMs - (this.#clock.monotonic() - startedAt));
      await this.#whenFree({ ...call, deadlineMs: left() }, () => this.#writerNow());
      const busy = await this.#lock.begin(this.#writerNow(), { ...call, deadlineMs: left() });
      this.#countWait(call, startedAt, busy, entered === undefined ? undefined : 'another process');
      return turn;
    } catch (error) {
      this.#failBegin(error);
      this.#countDeadline(call, error);
      this.lane.leave(turn);
      throw error;
    }
  }

  async #enter(call: Call): Promise<Turn> {
    if (this.#closed) throw closedError(this.#options.name);
    const turn = this.lane.tryEnter(call.label);
    if (turn !== undefined) return turn;
    if (this.#transaction !== undefined && heldLocks.has(this.#transaction)) {
      throw new WouldDeadlockError(call.label, this.#transaction.label);
    }
    const heldBy = this.lane.turn?.label ?? 'nobody';
    const startedAt = this.#clock.monotonic();
    try {
      const given = await this.lane.enter(call);
      this.#countWait(call, startedAt, 0, heldBy);
      return given;
    } catch (error) {
      this.#countDeadline(call, error);
      throw error;
    }
  }

  /** Repeats what met BUSY, in short waits, until the deadline. */
  async #whenFree<T>(call: Call, attempt: () => T): Promise<T> {
    const startedAt = this.#clock.monotonic();
    for (;;) {
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error) || error instanceof DatabaseBusyError) throw error;
        if (call.signal?.aborted) throw abortedError(call.label, call.signal);
        this.#recorder.of(call.label).busy += 1;
        const waitedMs = this.#clock.monotonic() - startedAt;
        if (waitedMs >= call.deadlineMs) {
          const holder = { label: 'another process', heldMs: waitedMs };
          const busy = new DatabaseBusyError(call.label, waitedMs, holder, error);
          this.#countDeadline(call, busy);
          throw busy;
        }
        await this.#clock.sleep(1 + 2 * this.#options.random(), call.signal);
      }
    }
  }

  /** False when a reader of another connection is in the way, as journal mode DELETE allows (F17). */
  #commitNow(writer: Connection): boolean {
    try {
      writer.exec('COMMIT');
      return true;
    } catch (error) {
      if (isBusy(error) && writer.inTransaction) return false;
      this.rollback(error);
      throw error;
    }
  }

  async #commitLater(call: Call): Promise<void> {
    try {
      await this.#whenFree(call, () => this.#writerNow().exec('COMMIT'));
    } catch (error) {
      this.rollback(error);
      throw error;
    }
  }

  #failBegin(error: unknown): void {
    if (this.#writer !== undefined && isBadConnection(error))
      this.discard(this.#writer, 'begin failed');
  }

  #release(turn: Turn, call: Call): void {
    const now = this.#clock.monotonic();
    this.#lock.released(now);
    this.lane.leave(turn);
    const counts = this.#recorder.of(call.label);
    counts.writes += 1;
    const heldMs = now - turn.since;
    if (heldMs > counts.writeMsMax) counts.writeMsMax = heldMs;
    this.#checkpointer.written(now);
  }

  #countWait(call: Call, startedAt: number, busy: number, heldBy: string | undefined): void {
    if (busy === 0 && heldBy === undefined) return;
    if (busy === 0 && heldBy === 'another process') return;
    const counts = this.#recorder.of(call.label);
    const waitedMs = this.#clock.monotonic() - startedAt;
    counts.busy += busy;
    counts.lockWaits += 1;
    counts.lockWaitMsTotal += waitedMs;
    counts.lockWaitMsMax = Math.max(counts.lockWaitMsMax, waitedMs);
    this.#recorder.emit({
      kind: 'lock-waited',
      label: call.label,
      waitedMs,
      heldBy: heldBy ?? 'another process',
    });
  }

  #countDeadline(call: Call, error: unknown): void {
    if (!(error instanceof DatabaseBusyError)) return;
    this.#recorder.of(call.label).deadlinesPassed += 1;
    this.#recorder.emit({
      kind: 'deadline-passed',
      label: call.label,
      waitedMs: error.waitedMs,
      heldBy: error.holder.label,
    });
  }
}
