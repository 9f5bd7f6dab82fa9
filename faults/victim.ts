import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { atExit } from './at-exit.js';

const LAST_WORDS_MAX = 1_000;

/** A process that is there to be killed. It ends with this one, at the latest. */
export class Victim {
  isReady = false;
  #lastWords = '';
  #hasEnded = false;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess, hear: (line: string, victim: Victim) => void) {
    this.#child = child;
    const noMore = atExit(() => child.kill('SIGKILL'));
    this.#ended = once(child, 'close').then(() => {
      this.#hasEnded = true;
      noMore();
    });
    if (child.stdout === null) throw new Error('a victim has no voice');
    createInterface({ input: child.stdout }).on('line', (line) => hear(line, this));
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString()).slice(-LAST_WORDS_MAX);
    });
  }

  /**
   * @param program the path of a program, built, that says `ready` when it is
   * @param hear each line that it says, but for its being ready
   */
  static worker(program: string, orders: object, hear: (line: string) => void = () => {}): Victim {
    const args = [program, JSON.stringify(orders)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    return new Victim(child, (line, victim) => {
      if (line === 'ready') victim.isReady = true;
      else hear(line);
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
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Victim(child, (line, victim) => {
      if (/ is at http:/.test(line)) victim.isReady = true;
    });
  }

  /** How it ended by itself; undefined while it has not. */
  get end(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    if (!this.#hasEnded || signalCode === 'SIGKILL') return undefined;
    return `ended by itself (${signalCode ?? exitCode}): ${this.#lastWords}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills it; resolves when all that it has said was heard. False when it had ended by itself. */
  async kill(): Promise<boolean> {
    this.signal('SIGKILL');
    await this.#ended;
    return this.#child.signalCode === 'SIGKILL';
  }
}
