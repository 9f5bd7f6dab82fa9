import type { Attempt, Progress } from './attempt.js';

/** What a worker does and has done. */
export interface WorkerStatus {
  readonly state: 'working' | 'server-away' | 'stopping' | 'stopped';
  /** Promises that are being kept now. */
  readonly running: number;
  /** The same one by one, the longest first. */
  readonly runs: readonly Run[];
  /** Results that the server has not taken yet. */
  readonly unsettled: number;
  readonly completed: number;
  /** Attempts that failed, tried again or not. */
  readonly failed: number;
  /** Promises put off, given up or handed back. */
  readonly other: number;
  /** Attempts whose promise was another's by then: cancelled, or recovered. */
  readonly lost: number;
}

/** One promise that is being kept. */
export interface Run {
  readonly id: string;
  readonly type: string;
  /** What its handler told last; undefined when it has told nothing. */
  readonly progress: Progress | undefined;
}

/** Reads on: its progress is what it is when it is looked at. */
export function runOf(attempt: Attempt): Run {
  const { id, type } = attempt.claim;
  return {
    id,
    type,
    get progress() {
      return attempt.progress;
    },
  };
}
