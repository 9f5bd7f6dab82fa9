import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../src/core/index.js';
import type { Enqueue, PromiseStore } from '../../src/promises/index.js';
import { KEPT_MS } from './orders.js';
import type { Tally } from './tally.js';

/** Made promises are looked for this long after the first of them. */
const LOOK_AFTER_MS = 15_000;
/** Of its own promises, the last so many are looked at, cancelled and retried. */
const RECENT_MAX = 50;
/** At the end they are looked for so often at most: a server may be away for a moment. */
const LAST_LOOKS_MAX = 5;
const LAST_LOOK_EVERY_MS = 1_000;

/** An acknowledged promise. */
interface Made {
  readonly id: string;
  readonly askedAt: number;
}

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
  /** Not looked for yet, oldest first. */
  #unseen: Made[] = [];
  readonly #recent: string[] = [];

  constructor(store: PromiseStore, tally: Tally) {
    this.#store = store;
    this.#tally = tally;
  }

  /** About every `everyMs` until it is told to stop; then it looks for all that it has not looked for. */
  async work(everyMs: number, stopping: AbortSignal): Promise<void> {
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
    while (!stopping.aborted) {
      const [what, call] = oneOf(turns) ?? ['make', () => this.#make()];
      this.#tally.called(what);
      await call().catch(this.#tally.failed);
      const [first] = this.#unseen;
      if (first !== undefined && performance.now() - first.askedAt > LOOK_AFTER_MS) {
        await this.#look();
      }
      const pauseMs = everyMs * (0.5 + Math.random());
      await sleep(pauseMs, undefined, { signal: stopping }).catch(() => undefined);
    }
    for (let looks = 0; this.#unseen.length > 0 && looks < LAST_LOOKS_MAX; looks += 1) {
      if (looks > 0) await sleep(LAST_LOOK_EVERY_MS);
      await this.#look();
    }
  }

  async #make(): Promise<void> {
    const first = newId();
    const items = Array.from({ length: 1 + Math.floor(Math.random() * 3) }, (_, at): Enqueue => {
      const shape = at === 0 ? undefined : oneOf(SHAPES);
      const id = at === 0 ? first : newId();
      return { id, type: 'soak', maxAttempts: 2, ...shape?.(first) };
    });
    const askedAt = performance.now();
    const made = await this.#store.enqueue(items);
    const fresh = made.filter((one) => !one.deduplicated).map(({ promise }) => promise.id);
    this.#tally.enqueued(fresh.length, performance.now() - askedAt);
    this.#unseen.push(...fresh.map((id) => ({ id, askedAt })));
    this.#recent.push(...fresh);
    this.#recent.splice(0, this.#recent.length - RECENT_MAX);
  }

  /** Who asked in vain asks again. Only the old may be gone: they were settled after they were asked for. */
  async #look(): Promise<void> {
    const ids = this.#unseen.map(({ id }) => id);
    const known = await this.#store.known(ids).catch(this.#tally.failed);
    if (known === undefined) return;
    const now = performance.now();
    const lost = this.#unseen.filter(
      ({ id, askedAt }) => !known.has(id) && now - askedAt < KEPT_MS,
    );
    this.#unseen = [];
    this.#tally.lookedFor += known.size + lost.length;
    this.#tally.lost += lost.length;
  }

  #own(): string {
    return oneOf(this.#recent) ?? newId();
  }
}
