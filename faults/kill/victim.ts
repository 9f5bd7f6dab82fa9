import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ActorOrders } from './orders.js';

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

  /** @param program the path of `actor.ts`, built */
  static actor(program: string, orders: ActorOrders, told: Told): Victim {
    const args = [program, JSON.stringify(orders)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    return new Victim(child, (line, victim) => {
      const [word, ...rest] = line.split(' ');
      if (word === 'ready') victim.isReady = true;
      if (word === 'made') for (const id of rest) told.made.add(id);
      if (word === 'refused') {
        const text = rest.join(' ');
        told.refused.set(text, (told.refused.get(text) ?? 0) + 1);
      }
    });
  }

  /** @param program the path of `server.ts`, built; `onUrl` is told where it is */
  static server(
    program: string,
    { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
    onUrl: (url: string) => void,
  ): Victim {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, [program, 'start'], {
      cwd,
      env: { PATH, HOME, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return new Victim(child, (line, victim) => {
      const url = / is at (http:\S+)/.exec(line)?.[1];
      if (url === undefined) return;
      victim.isReady = true;
      onUrl(url);
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
