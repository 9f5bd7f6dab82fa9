import type { ChildProcess } from 'node:child_process';
import { aliveOf, forkProgram, killAll } from '../children.js';
import { until } from '../until.js';
import type { SoakOrders } from './orders.js';
import { type Sample, type Totals, totalsOf } from './sample.js';

const BEGUN_MS_MAX = 300_000;
const STOPPED_MS_MAX = 120_000;

/** The processes of a soak. */
export class Workers {
  readonly #children: readonly ChildProcess[];
  readonly #samples = new Map<ChildProcess, Sample[]>();

  /** @param program the path of `actor.ts`, built */
  constructor(program: string, orders: readonly SoakOrders[]) {
    this.#children = orders.map((own) => {
      const child = forkProgram(program, own);
      const samples: Sample[] = [];
      this.#samples.set(child, samples);
      child.on('message', (sample: Sample) => samples.push(sample));
      return child;
    });
  }

  /** Of each, in order. */
  get samples(): Sample[][] {
    return [...this.#samples.values()];
  }

  get totals(): Totals {
    return totalsOf(this.samples.flatMap((own) => own.at(-1) ?? []));
  }

  /** How many have ended. */
  get died(): number {
    return this.#children.length - aliveOf(this.#children).length;
  }

  /** Resolves when each has told of itself, and something was made: many take a while to begin. */
  async begun(): Promise<void> {
    const isBegun = await until(() => {
      if (this.died > 0) throw new Error(`${this.died} processes ended before all had begun`);
      return this.totals.made > 0 && this.samples.every((own) => own.length > 0);
    }, BEGUN_MS_MAX);
    if (!isBegun) throw new Error('not every process has begun');
  }

  /** Lets the clients come to their end, while promises are kept as before; returns how many processes do not. */
  async stop(): Promise<number> {
    for (const child of aliveOf(this.#children)) child.send('stop');
    await until(() => aliveOf(this.#going()).length === 0, STOPPED_MS_MAX);
    return this.#going().length;
  }

  end(): Promise<void> {
    return killAll(this.#children);
  }

  #going(): ChildProcess[] {
    return this.#children.filter((child) => !this.#samples.get(child)?.at(-1)?.isLast);
  }
}
