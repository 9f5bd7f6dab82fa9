import { readdirSync } from 'node:fs';
import { HoldfastError, type Log, messageOf } from '../../src/core/index.js';
import { troubleLog } from '../trouble.js';
import type { Sample } from './sample.js';

/** What a process has done and met. */
export class Tally {
  isLast = false;
  made = 0;
  lookedFor = 0;
  lost = 0;
  readonly #calls: Record<string, number> = {};
  readonly #taken: Record<string, number> = {};
  readonly #errors: Record<string, number> = {};
  #enqueueMs: number[] = [];

  /** What a service would tell of trouble is trouble here too. */
  readonly log: Log = troubleLog(
    (code, fields) => this.#met(`${code}: ${told(fields)}`),
    (code) => count(this.#taken, code),
  );

  called(what: string): void {
    count(this.#calls, what);
  }

  enqueued(promises: number, tookMs: number): void {
    this.made += promises;
    this.#enqueueMs.push(tookMs);
  }

  readonly failed = (error: unknown): void => this.#met(textOf(error));

  /** Tells how it is, and what enqueues took since it was last asked. */
  sample(): Sample {
    const enqueueMs = this.#enqueueMs;
    this.#enqueueMs = [];
    const { isLast, made, lookedFor, lost } = this;
    return {
      isLast,
      calls: this.#calls,
      made,
      lookedFor,
      lost,
      taken: this.#taken,
      errors: this.#errors,
      rssMib: process.memoryUsage.rss() / 1_048_576,
      descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
      enqueueMs,
    };
  }

  /** Times and ids differ: what is the same without them is counted together. */
  #met(text: string): void {
    count(this.#errors, text.replaceAll(/\d[\d.]*/g, 'N').slice(0, 240));
  }
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

const told = (fields: Parameters<Log['warn']>[1]) =>
  fields?.error === undefined ? fields?.reason : textOf(fields.error);

function textOf(error: unknown): string {
  const code = error instanceof HoldfastError ? error.code : 'unexpected';
  // What the network said tells one lost answer from another.
  const cause = error instanceof Error && error.cause ? ` (${messageOf(error.cause)})` : '';
  return `${code}: ${messageOf(error)}${cause}`;
}
