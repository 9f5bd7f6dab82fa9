import { newId } from '../../src/core/index.js';
import type { Api } from './orders.js';
import type { Told } from './told.js';

const PAUSE_MS = 30;
const TIMEOUT_MS = 3_000;

/** An application that asks a server over HTTP, and asks again with the same key until it is told. */
export class Asker {
  #isStopped = false;
  readonly #asking: Promise<void>;

  constructor(
    private readonly api: Api,
    private readonly told: Told,
  ) {
    this.#asking = this.#ask();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#asking;
  }

  async #ask(): Promise<void> {
    let open = newId();
    while (!this.#isStopped) {
      const id = await this.#post(open).catch(() => undefined);
      if (id !== undefined) {
        this.told.posted.add(id);
        open = newId();
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** The id of the promise; undefined when there is no answer. */
  async #post(idempotencyKey: string): Promise<string | undefined> {
    const response = await fetch(`${this.api.url}/v1/promises`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${this.api.key}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': idempotencyKey,
      },
      body: JSON.stringify({
        type: 'work',
        maxAttempts: 1_000,
        metadata: { order: idempotencyKey },
      }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 201 && response.status !== 200) return undefined;
    return ((await response.json()) as { id: string }).id;
  }
}
