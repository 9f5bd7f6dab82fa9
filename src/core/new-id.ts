import { V7Generator } from 'uuidv7';

/** Random numbers that one call of the system brings: a call for each id costs more than the id. */
const POOL_LENGTH = 1_024;

class RandomPool {
  readonly #numbers = new Uint32Array(POOL_LENGTH);
  #next = POOL_LENGTH;

  nextUint32(): number {
    if (this.#next >= POOL_LENGTH) {
      crypto.getRandomValues(this.#numbers);
      this.#next = 0;
    }
    const number = this.#numbers[this.#next] ?? 0;
    this.#next += 1;
    return number;
  }
}

const generator = new V7Generator(new RandomPool());

/** A UUIDv7. Those of one process are in the order of the calls. */
export function newId(): string {
  return generator.generate().toString();
}
