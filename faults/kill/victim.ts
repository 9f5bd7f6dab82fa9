import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ActorOrders, Api } from './orders.js';

/** What processes were told. It outlives them. */
export interface Told {
  /** Promises that were acknowledged. */
  readonly made: Set<string>;
  /** Refusals of the database, by their text. */
  readonly refused: Map<string, number>;
}

/** A process that is there to be killed. */
export class Victim {
  isReady = false;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess, hear: (line: string, victim: Victim) => void) {
    this.#child = child;
    this.#ended = once(child, 'close');
    if (child.stdout === null) throw new Error('a victim has no voice');
    createInterface({ input: child.stdout }).on('line', (line) => hear(line, this));
  }

  /** @param program the path of `actor.ts` or of `puller.ts`, built */
  static worker(program: string, orders: ActorOrders | Api, told: Told): Victim {
    const args = [program, JSON.stringify(orders)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    return new Victim(child, (line, victim) => {
      const [word, ...rest] = line.split(' ');
      if (word === 'ready') victim.isReady = true;
      if (word === 'made') for (const id of rest) told.made.add(id);
      if (word === 'refused') {
        // The same refusal, whatever its milliseconds.
        const text = rest.join(' ').replace(/\d+ ms/g, 'some ms');
        told.refused.set(text, (told.refused.get(text) ?? 0) + 1);
      }
    });
  }

  /** @param program the path of `src/cli/command.ts`, built */
  static server(
    program: string,
    { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  ): Victim {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, [program, 'start'], {
      cwd,
      env: { PATH, HOME, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return new Victim(child, (line, victim) => {
      if (/ is at http:/.test(line)) victim.isReady = true;
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills it; resolves when all that it has said was heard. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#ended;
  }
}
