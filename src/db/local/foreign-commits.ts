import { type FSWatcher, watch } from 'node:fs';
import { isBusy } from '../classify-error.js';
import type { LocalEngine } from './engine.js';

/**
 * The watch fires when a commit is written, and it can be seen after its fsync (F12): it is
 * looked for again after so many milliseconds each, at 4 µs a look.
 */
const LOOK_AGAIN_MS = [1, 1, 1, 2, 3, 5, 8, 13, 21] as const;
/** The net for what the watch misses. */
const POLL_MS = 100;

/**
 * Tells when another connection has committed. `PRAGMA data_version` of the
 * writer answers that: it changes for every commit but the writer's own.
 * Nothing runs while nobody listens, and nothing keeps the process alive.
 */
export class ForeignCommits {
  readonly #engine: LocalEngine;
  readonly #walPath: string;
  readonly #listeners = new Set<() => void>();
  #watcher: FSWatcher | undefined;
  #poll: NodeJS.Timeout | undefined;
  #version: unknown;
  #timer: NodeJS.Timeout | undefined;
  #step = 0;

  constructor(engine: LocalEngine, path: string) {
    this.#engine = engine;
    this.#walPath = `${path}-wal`;
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.stop();
    };
  }

  stop(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#timer);
    this.#poll = undefined;
    this.#timer = undefined;
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#version = undefined;
  }

  #start(): void {
    this.#version = this.#read();
    this.#poll = setInterval(() => {
      if (this.#watcher === undefined) this.#watch();
      this.#look();
    }, POLL_MS);
    this.#poll.unref();
    this.#watch();
  }

  #watch(): void {
    if (this.#engine.walBytes() === null) return;
    const watcher = watch(this.#walPath, { persistent: false }, (event) => {
      if (event === 'rename') return this.#unwatch(watcher);
      clearTimeout(this.#timer);
      this.#step = 0;
      this.#lookOn();
    });
    watcher.on('error', () => this.#unwatch(watcher));
    this.#watcher = watcher;
  }

  /** The `-wal` file was replaced: the poll watches the new one. */
  #unwatch(watcher: FSWatcher): void {
    watcher.close();
    if (this.#watcher === watcher) this.#watcher = undefined;
  }

  /** Also when one was seen: another may be on its way. */
  #lookOn(): void {
    this.#look();
    const ms = LOOK_AGAIN_MS[this.#step];
    this.#step += 1;
    this.#timer = ms === undefined ? undefined : setTimeout(() => this.#lookOn(), ms).unref();
  }

  #look(): void {
    if (this.#listeners.size === 0) return;
    const version = this.#read();
    if (version === undefined || version === this.#version) return;
    const isFirst = this.#version === undefined;
    this.#version = version;
    if (isFirst) return;
    for (const listener of this.#listeners) listener();
  }

  #read(): unknown {
    try {
      return this.#engine.dataVersion();
    } catch (error) {
      // Whoever is in the way now is seen by the next look.
      if (isBusy(error) || this.#engine.closed) return undefined;
      throw error;
    }
  }
}
