import { type FSWatcher, watch } from 'node:fs';
import { isBusy } from '../classify-error.js';
import type { LocalEngine } from './engine.js';

/**
 * The watch fires just before the commit can be seen (F12), by an fsync where commits wait for
 * one. A timer is no shorter than a millisecond: so long it is looked for in every turn of the
 * event loop, 4 µs a look; then after so many milliseconds.
 */
const LOOK_EVERY_TURN_MS = 0.5;
const LOOK_AGAIN_MS = [1, 3] as const;
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
  /** By the monotonic clock; 0 when nobody looks. */
  #lookUntil = 0;

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
    this.#poll = undefined;
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
      const isLooking = this.#lookUntil > 0;
      this.#lookUntil = performance.now() + LOOK_EVERY_TURN_MS;
      if (!isLooking) this.#lookSoon();
    });
    watcher.on('error', () => this.#unwatch(watcher));
    this.#watcher = watcher;
  }

  /** The `-wal` file was replaced: the poll watches the new one. */
  #unwatch(watcher: FSWatcher): void {
    watcher.close();
    if (this.#watcher === watcher) this.#watcher = undefined;
  }

  #lookSoon(): void {
    const isSeen = this.#look();
    if (!isSeen && performance.now() < this.#lookUntil) {
      setImmediate(() => this.#lookSoon());
      return;
    }
    this.#lookUntil = 0;
    if (isSeen) return;
    for (const ms of LOOK_AGAIN_MS) setTimeout(() => this.#look(), ms).unref();
  }

  /** True when a commit was seen. */
  #look(): boolean {
    if (this.#listeners.size === 0) return false;
    const version = this.#read();
    if (version === undefined || version === this.#version) return false;
    const first = this.#version === undefined;
    this.#version = version;
    if (first) return false;
    for (const listener of this.#listeners) listener();
    return true;
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
