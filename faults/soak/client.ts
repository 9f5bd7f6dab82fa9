import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../src/core/index.js';
import type { Enqueue, PromiseStore } from '../../src/promises/index.js';
import { KEPT_MS } from './orders.js';
import type { Tally } from './tally.js';

/** Made promises are looked for this long after the first of them. */
const LOOK_AFTER_MS = 15_000;
/** Of its own promises, the last so many are looked at, cancelled and retried. */
const RECENT_MAX = 50;

/** The ways to make promises: as they come, later, in a lane, behind another. */
const SHAPES: readonly ((first: string) => Partial<Enqueue>)[] = [
  () => ({}),
  () => ({ payload: 'x'.repeat(2_000) }),
  () => ({ delay: 1_500 }),
  () => ({ concurrencyKey: `key-${Math.floor(Math.random() * 8)}` }),
  (first) => ({ dependsOn: [first], onParentFailure: 'run' }),
  () => ({ key: `every-${Math.floor(Math.random() * 8)}`, throttle: 1_000 }),
];

const oneOf = <T>(list: readonly T[]): T | undefined =>
  list[Math.floor(Math.random() * list.length)];

/** Somebody who makes promises, looks at them, cancels and retries some, one call after the other. */
export class Client {
  readonly #store: PromiseStore;
  readonly #tally: Tally;
  /** Acknowledged, and not looked for yet. */
  #unseen: string[] = [];
  /** When the first of them was asked for. */
  #unseenSince = 0;
  readonly #recent: string[] = [];

  constructor(store: PromiseStore, tally: Tally) {
    this.#store = store;
    this.#tally = tally;
  }

  /** For ever, about every `everyMs`. */
  async work(everyMs: number): Promise<void> {
    const turns: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['make', () => this.#make()],
      ['make', () => this.#make()],
      ['make', () => this.#make()],
      ['make', () => this.#make()],
      ['get', () => this.#store.get(this.#own())],
      ['explain', () => this.#store.explain(this.#own())],
      ['list', () => this.#store.list({ limit: 20 })],
      ['figures', () => this.#store.figures()],
      ['cancel', () => this.#store.cancel(this.#own())],
      ['retry', () => this.#store.retry(this.#own(), newId())],
    ];
    for (;;) {
      const [what, call] = oneOf(turns) ?? ['make', () => this.#make()];
      this.#tally.called(what);
      await call().catch(this.#tally.failed);
      if (this.#unseen.length > 0 && performance.now() - this.#unseenSince > LOOK_AFTER_MS) {
        await this.#look().catch(this.#tally.failed);
      }
      await sleep(everyMs * (0.5 + Math.random()));
    }
  }

  async #make(): Promise<void> {
    const first = newId();
    const items = Array.from({ length: 1 + Math.floor(Math.random() * 3) }, (_, at): Enqueue => {
      const shape = at === 0 ? undefined : oneOf(SHAPES);
      const id = at === 0 ? first : newId();
      return { id, type: 'soak', maxAttempts: 2, ...shape?.(first) };
    });
    const startedAt = performance.now();
    const made = await this.#store.enqueue(items);
    this.#tally.enqueued(made.length, performance.now() - startedAt);
    const fresh = made.filter((one) => !one.deduplicated).map(({ promise }) => promise.id);
    if (this.#unseen.length === 0) this.#unseenSince = startedAt;
    this.#unseen.push(...fresh);
    this.#recent.push(...fresh);
    this.#recent.splice(0, this.#recent.length - RECENT_MAX);
  }

  /** None may be gone yet: they were settled after they were asked for. */
  async #look(): Promise<void> {
    const ids = this.#unseen;
    const since = this.#unseenSince;
    this.#unseen = [];
    const known = await this.#store.known(ids);
    if (performance.now() - since > KEPT_MS) return;
    this.#tally.lookedFor += ids.length;
    this.#tally.lost += ids.length - known.size;
  }

  #own(): string {
    return oneOf(this.#recent) ?? newId();
  }
}
