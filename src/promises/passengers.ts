import { isWeather } from '../core/index.js';
import { afterThisTurn } from './group-commit.js';
import type { Operation } from './operation.js';

/** An operation that goes with a write of others. */
export class Passenger<T> {
  #isThere = false;

  /**
   * @param end how it ended, for who asked for it
   * @param goAlone performs it by itself
   */
  constructor(
    private readonly operation: Operation<T>,
    private readonly end: {
      readonly resolve: (answer: T) => void;
      readonly reject: (error: unknown) => void;
    },
    private readonly goAlone: () => void,
  ) {}

  /** Its part of the write. An answer that cannot be read is its own affair: the write was carried out. */
  get part(): Operation<void> {
    const { statements, read } = this.operation;
    return {
      statements,
      read: (results) => {
        this.#isThere = true;
        try {
          this.end.resolve(read(results));
        } catch (error) {
          this.end.reject(error);
        }
      },
    };
  }

  /** The write has failed: of the database, or of what one of them had in it. */
  strand(error: unknown): void {
    if (this.#isThere) return;
    if (isWeather(error)) this.end.reject(error);
    else this.goAlone();
  }
}

/**
 * Lets operations go with a write that others begin in the same turn of the event loop: one
 * commit, and one round trip, fewer. Where none begins, or it fails for what the others had in
 * it, they go alone.
 */
export class Passengers<T> {
  #waiting: Passenger<T>[] = [];

  /**
   * @param isDue true from when a write is wanted until it begins, and calls `board`
   * @param alone performs an operation by itself
   */
  constructor(
    private readonly isDue: () => boolean,
    private readonly alone: (operation: Operation<T>) => Promise<T>,
  ) {}

  ride(operation: Operation<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const goAlone = () => void this.alone(operation).then(resolve, reject);
      const passenger = new Passenger(operation, { resolve, reject }, goAlone);
      this.#waiting.push(passenger);
      const look = () => {
        if (!this.#waiting.includes(passenger)) return;
        if (this.isDue()) return afterThisTurn(look);
        this.#waiting = this.#waiting.filter((one) => one !== passenger);
        goAlone();
      };
      afterThisTurn(look);
    });
  }

  /** Those who wait, for a write that begins now, which takes their parts, or strands them. */
  board(): Passenger<T>[] {
    const boarding = this.#waiting;
    this.#waiting = [];
    return boarding;
  }
}
