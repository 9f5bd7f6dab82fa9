import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { systemClock } from '../core/index.js';

/** A checkout runs the sources as they are, a package what they were compiled to. */
const IS_SOURCE = import.meta.url.endsWith('.ts');
const WARDEN = fileURLToPath(new URL(IS_SOURCE ? './warden.ts' : './warden.js', import.meta.url));
/** What is being ended has been asked to, and is ended after 2 s. */
const CLOSE_MS = 5_000;

/**
 * Sees to it that nothing outlives its worker: a second process ends what runs when this
 * one ends without having done so, by SIGKILL or by running out of memory.
 */
export class Guard {
  #warden: ChildProcess | undefined;
  readonly #watched = new Map<number, string>();
  #emptied: (() => void) | undefined;

  /** @param mark the value of `HOLDFAST_RUN` in the run's environment */
  watch(pid: number, mark: string): void {
    this.#watched.set(pid, mark);
    if (this.#warden === undefined) this.#start();
    else this.#tell(`+ ${pid} ${mark}`);
  }

  release(pid: number): void {
    this.#watched.delete(pid);
    this.#tell(`- ${pid}`);
    if (this.#watched.size === 0) this.#emptied?.();
  }

  /** Resolves when nothing is watched any more, or within `CLOSE_MS`: the second process ends what is left. */
  async close(): Promise<void> {
    if (this.#watched.size > 0) {
      const over = new AbortController();
      this.#emptied = () => over.abort();
      await systemClock.sleep(CLOSE_MS, over.signal);
    }
    this.#warden?.stdin?.end();
    this.#warden = undefined;
  }

  #start(): void {
    // In a session of its own: a Ctrl-C at the terminal is not for it.
    const warden = spawn(process.execPath, [...(IS_SOURCE ? ['--import', loader()] : []), WARDEN], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
    });
    this.#warden = warden;
    const forget = () => {
      if (this.#warden === warden) this.#warden = undefined;
    };
    warden.on('error', forget);
    warden.on('exit', forget);
    warden.stdin.on('error', () => {});
    warden.unref();
    for (const [pid, mark] of this.#watched) this.#tell(`+ ${pid} ${mark}`);
  }

  #tell(line: string): void {
    this.#warden?.stdin?.write(`${line}\n`);
  }
}

function loader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
