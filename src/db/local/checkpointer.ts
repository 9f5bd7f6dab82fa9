import { Worker } from 'node:worker_threads';
import type { Checkpoint } from '../checkpoint.js';
import type { LocalEngine } from './engine.js';
import type { EngineOptions } from './engine-options.js';

/** What the worker thread answers. */
type Answer =
  | { result: { busy: boolean; logFrames: number; checkpointedFrames: number } }
  | { error: { message: string; code?: string; rawCode?: number } };

/** The size of the WAL is looked at after so many writes, or so many milliseconds with writes. */
const LOOK_EVERY_WRITES = 64;
const LOOK_EVERY_MS = 50;
/** Least time between two rounds that start by themselves; twice as long after a partial one, up to the longest. */
const REST_MS = 1_000;
const REST_MS_MAX = 30_000;
/** A round may start late, never never: its turn comes after those who wait already. */
const DEADLINE_MS = 60_000;

/** Runs checkpoint rounds in a worker thread, and starts them when the WAL is large or old. */
export class Checkpointer {
  readonly #options: EngineOptions;
  readonly #engine: LocalEngine;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writes = 0;
  #lookedAt = 0;
  #restUntil = 0;
  #restMs = REST_MS;
  #underWay = false;

  constructor(options: EngineOptions, engine: LocalEngine) {
    this.#options = options;
    this.#engine = engine;
  }

  /** Starts the rounds by time, where the policy asks for them. */
  start(): void {
    const { enabled, everyMs } = this.#options.checkpoints;
    if (!enabled || everyMs === 0 || this.#options.single || this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#begin(), everyMs);
    this.#timer.unref();
  }

  /** To be called after each write: starts a round when the WAL has passed its bound. */
  written(now: number): void {
    this.#writes += 1;
    if (this.#writes < LOOK_EVERY_WRITES && now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#writes = 0;
    this.#lookedAt = now;
    const { enabled, walBytesMax } = this.#options.checkpoints;
    if (!enabled || this.#underWay || now < this.#restUntil) return;
    if ((this.#engine.walBytes() ?? 0) > walBytesMax) this.#begin();
  }

  /** One PASSIVE round. The caller holds the write lock (F9). */
  async run(): Promise<Checkpoint> {
    const { clock } = this.#options;
    const startedAt = clock.monotonic();
    const walBytesBefore = this.#engine.walBytes();
    const answer = await this.#ask();
    if ('error' in answer) throw Object.assign(new Error(answer.error.message), answer.error);
    const { busy, logFrames, checkpointedFrames } = answer.result;
    return {
      outcome: !busy && checkpointedFrames >= logFrames ? 'done' : 'partial',
      busy,
      logFrames,
      checkpointedFrames,
      walBytesBefore,
      walBytesAfter: this.#engine.walBytes(),
      durationMs: clock.monotonic() - startedAt,
      finishedAt: clock.now(),
    };
  }

  /** Stops without anybody waiting for it. */
  stopSoon(): void {
    this.stop().catch((error: unknown) => {
      this.#options.log.warn('database-close-failed', { database: this.#options.name, error });
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    worker.ref();
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage('close');
    await gone;
  }

  #begin(): void {
    if (this.#underWay || this.#engine.closed) return;
    this.#underWay = true;
    this.#engine
      .checkpoint({ label: 'checkpoint', deadlineMs: DEADLINE_MS })
      .then(({ outcome }) => this.#rest(outcome === 'partial'))
      .catch((error: unknown) => {
        this.#rest(true);
        if (this.#engine.closed) return;
        this.#options.recorder.emit({ kind: 'checkpoint-failed', error });
      })
      .finally(() => {
        this.#underWay = false;
      });
  }

  #rest(longer: boolean): void {
    this.#restMs = longer ? Math.min(this.#restMs * 2, REST_MS_MAX) : REST_MS;
    this.#restUntil = this.#options.clock.monotonic() + this.#restMs;
  }

  #ask(): Promise<Answer> {
    const worker = this.#workerNow();
    return new Promise((resolve, reject) => {
      const settle = () => {
        worker.off('message', answered).off('error', failed).off('exit', exited);
        worker.unref();
      };
      const answered = (answer: Answer) => {
        settle();
        resolve(answer);
      };
      const failed = (error: unknown) => {
        settle();
        this.#worker = undefined;
        reject(error);
      };
      const exited = () => failed(new Error('the checkpoint thread has ended'));
      worker.on('message', answered).on('error', failed).on('exit', exited);
      // The process must not end in the middle of a round.
      worker.ref();
      worker.postMessage('checkpoint');
    });
  }

  #workerNow(): Worker {
    if (this.#worker === undefined) {
      const { path, encryptionKey } = this.#options.target;
      this.#worker = new Worker(new URL('./checkpoint-worker.mjs', import.meta.url), {
        workerData: { path, encryptionKey },
        execArgv: [],
      });
      this.#worker.unref();
    }
    return this.#worker;
  }
}
