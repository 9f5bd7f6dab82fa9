import { HoldfastError } from '../core/index.js';
import { afterThisTurn, isWeather } from './group-commit.js';
import type { Operation } from './operation.js';

/** An operation that goes with a write of others. */
export class Passenger<T> {
  constructor(
    readonly operation: Operation<T>,
    readonly arrive: (answer: T) => void,
    /** The write it went with has failed: of the database, or of what others had in it. */
    readonly strand: (error: unknown) => void,
  ) {}
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
      const strand = (error: unknown) => {
        if (error instanceof HoldfastError && isWeather(error)) reject(error);
        else goAlone();
      };
      const passenger = new Passenger(operation, resolve, strand);
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

  /** Those who wait, for a write that begins now. It tells each how it ended. */
  board(): Passenger<T>[] {
    const boarding = this.#waiting;
    this.#waiting = [];
    return boarding;
  }
}
