import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HoldfastError, systemClock } from '../../../core/index.js';
import { isBusy, translateError } from '../../classify-error.js';
import type { Row } from '../../statement.js';

type Question =
  | { readonly kind: 'bytes'; readonly path: string; readonly length: number }
  | { readonly kind: 'open'; readonly path: string; readonly encryptionKey?: string | undefined }
  | { readonly kind: 'exec'; readonly sql: string }
  | { readonly kind: 'all'; readonly sql: string; readonly args?: readonly unknown[] }
  | { readonly kind: 'close' };

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly text: string; readonly code?: string; readonly rawCode?: number };
}

/** Which file the process opens, and how. */
export interface AsideTarget {
  readonly path: string;
  /** Without it nothing of the file is ever changed (F19). */
  readonly writable?: boolean;
  readonly encryptionKey?: string | undefined;
}

const ANSWER_MS_MIN = 1_000;
/** What comes first waits for the process to begin: seconds, on a machine that does much else. */
const BEGIN_MS_MIN = 10_000;
/** The wait between two tries at a file that others hold. */
const BUSY_WAIT_MS = 5;

/**
 * A process of its own for what is long, or may not happen in a process that has the file
 * open (F14, F18). One question after the other; one that takes too long ends the process.
 */
export class Aside {
  readonly #child: ChildProcess;
  readonly #label: string;
  #lastId = 0;

  constructor(label: string) {
    this.#label = label;
    this.#child = fork(fileURLToPath(new URL('./aside-process.mjs', import.meta.url)), {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('error', () => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The first bytes of a file; to be asked for before `open`. Undefined when there is no such file. */
  async head(path: string, length: number, deadlineMs: number): Promise<Uint8Array | undefined> {
    try {
      return (await this.#ask({ kind: 'bytes', path, length }, deadlineMs)) as Uint8Array;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Opens the file and takes a first look, waiting while others hold it. */
  async open(target: AsideTarget, deadlineMs: number): Promise<void> {
    const { path, writable = false, encryptionKey } = target;
    const uri = writable ? path : `${pathToFileURL(path).href}?mode=ro`;
    await this.#ask({ kind: 'open', path: uri, encryptionKey }, deadlineMs);
    await this.exec('SELECT 1 FROM sqlite_schema LIMIT 1', deadlineMs);
  }

  /** Runs SQL, again while it is BUSY: by `exec`, so that a BUSY leaves no trace (F4). */
  async exec(sql: string, deadlineMs: number, signal?: AbortSignal): Promise<void> {
    const endsAt = systemClock.monotonic() + deadlineMs;
    for (;;) {
      try {
        // The last try too has time for its answer.
        const leftMs = Math.max(ANSWER_MS_MIN, endsAt - systemClock.monotonic());
        await this.#ask({ kind: 'exec', sql }, leftMs, signal);
        return;
      } catch (error) {
        if (!isBusy(error) || systemClock.monotonic() >= endsAt) throw error;
        await systemClock.sleep(BUSY_WAIT_MS, signal);
      }
    }
  }

  /** @throws what `exec` throws */
  async all(sql: string, deadlineMs: number, args?: readonly unknown[]): Promise<readonly Row[]> {
    return (await this.#ask({ kind: 'all', sql, ...(args && { args }) }, deadlineMs)) as Row[];
  }

  /** Closes the file, then ends the process. */
  async close(): Promise<void> {
    if (this.#child.connected) await this.#ask({ kind: 'close' }, 5_000).catch(() => {});
    await this.end();
  }

  /** Ends the process as it is: nothing is written, not even the checkpoint of a last connection. */
  async end(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  #ask(question: Question, answerMsMax: number, signal?: AbortSignal): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    const deadlineMs = id === 1 ? Math.max(BEGIN_MS_MIN, answerMsMax) : answerMsMax;
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
        child.off('message', answered).off('exit', gone).off('error', gone);
      };
      const fail = (error: unknown) => {
        settle();
        reject(translateError(error, this.#label));
      };
      const answered = (answer: Answer) => {
        if (answer.id !== id) return;
        if (answer.error !== undefined) return fail(rebuild(answer.error));
        settle();
        resolve(answer.result);
      };
      const gone = () => fail(ended());
      // A statement cannot be interrupted from outside its thread (F18), but its process can be ended.
      const stop = () => void this.end().then(() => fail(ended()), fail);
      const timer = setTimeout(() => {
        fail(tooLate(question.kind, deadlineMs));
        void this.end();
      }, deadlineMs);
      child.on('message', answered).once('exit', gone).once('error', gone);
      signal?.addEventListener('abort', stop, { once: true });
      if (signal?.aborted) return stop();
      if (!child.connected) return gone();
      child.send({ id, ...question }, (error) => {
        if (error !== null) fail(error);
      });
    });
  }
}

function rebuild({ text, code, rawCode }: NonNullable<Answer['error']>): Error {
  return Object.assign(new Error(text), { code, rawCode });
}

function ended(): HoldfastError {
  return new HoldfastError('cancelled', 'the process beside the database has ended');
}

function tooLate(what: string, deadlineMs: number): HoldfastError {
  return new HoldfastError('database-timeout', `${what} took longer than ${deadlineMs} ms`);
}

function codeOf(error: unknown): unknown {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return cause?.code;
}
