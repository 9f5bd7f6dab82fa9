import { Worker } from 'node:worker_threads';
import type { Replicated } from '@libsql/core/api';
import Binding from 'libsql';
import { HoldfastError } from '../../core/index.js';
import { abortedError, closedError } from '../errors.js';
import type { BoundArgs, RawResult } from './connection.js';
import type { Call } from './lock-waits.js';

export interface ReplicaTarget {
  readonly path: string;
  readonly syncUrl: string;
  readonly authToken?: string | undefined;
  readonly encryptionKey?: string | undefined;
}

export interface ReplicaStatement {
  readonly sql: string;
  readonly args: BoundArgs;
  readonly integers: 'number' | 'bigint';
}

type Question =
  | { readonly kind: 'read'; readonly statements: readonly ReplicaStatement[] }
  | { readonly kind: 'sync' };

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: ThreadError;
}

interface ThreadError {
  readonly text: string;
  readonly code?: string;
  readonly rawCode?: number;
  readonly sql: boolean;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The thread that holds an embedded replica. It answers one question after the
 * other, so nobody meets an open transaction (R10), and a sync that waits for the
 * network holds up reads of the replica, but never the event loop.
 */
export class ReplicaThread {
  readonly #name: string;
  readonly #target: ReplicaTarget;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;
  #closed = false;

  constructor(name: string, target: ReplicaTarget) {
    this.#name = name;
    this.#target = target;
  }

  /** Runs reads on one snapshot of the replica. */
  async read(statements: readonly ReplicaStatement[], call: Call): Promise<RawResult[]> {
    return (await this.#ask({ kind: 'read', statements }, call)) as RawResult[];
  }

  async sync(call: Call): Promise<Replicated> {
    return (await this.#ask({ kind: 'sync' }, call)) as Replicated;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(closedError(this.#name));
    this.#waiting.clear();
    const worker = this.#worker;
    if (worker === undefined) return;
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    // Else a process with nothing more to do ends before this does.
    worker.ref();
    worker.postMessage({ kind: 'close' });
    await gone;
  }

  #ask(question: Question, { label, deadlineMs, signal }: Call): Promise<unknown> {
    if (this.#closed) return Promise.reject(closedError(this.#name));
    if (signal?.aborted) return Promise.reject(abortedError(label, signal));
    const worker = this.#workerNow();
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(id);
        if (this.#waiting.size === 0) worker.unref();
      };
      const fail = (error: Error) => {
        settle();
        reject(error);
      };
      const abort = () => signal !== undefined && fail(abortedError(label, signal));
      const timer = setTimeout(() => fail(tooLate(label, deadlineMs)), deadlineMs);
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.set(id, {
        reject: fail,
        resolve: (result) => {
          settle();
          resolve(result);
        },
      });
      worker.ref();
      worker.postMessage({ id, ...question });
    });
  }

  #workerNow(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { path, ...options } = this.#target;
    const worker = new Worker(new URL('./replica-worker.mjs', import.meta.url), {
      workerData: { path, options: { authToken: '', ...options } },
      execArgv: [],
    });
    worker.on('message', (answer: Answer) => this.#answered(answer));
    worker.on('error', (error: Error) => this.#ended(error));
    worker.on('exit', () => this.#ended(closedError(this.#name)));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #answered({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(rebuild(error, this.#name));
  }

  #ended(error: Error): void {
    this.#worker = undefined;
    for (const { reject } of [...this.#waiting.values()]) reject(error);
  }
}

/** Errors lose their class on the way between threads. */
function rebuild({ text, code, rawCode, sql }: ThreadError, name: string): Error {
  if (sql) {
    const parts = [text, code || 'SQLITE_ERROR', rawCode ?? 1];
    const error: Error = Reflect.construct(Binding.SqliteError, parts);
    return error;
  }
  return new HoldfastError('database-unavailable', `replica ${name}: ${text}`, { retryable: true });
}

function tooLate(label: string, deadlineMs: number): HoldfastError {
  return new HoldfastError(
    'database-timeout',
    `${label}: the replica did not answer in ${deadlineMs} ms`,
    {
      retryable: true,
      details: { label, deadlineMs },
    },
  );
}
