import type { NetFault } from './network.js';
import type { Rehearsed } from './rehearsal.js';

/** An operation and when its fault begins: with its first call of the database, or with its first write. */
export interface Meeting {
  readonly operation: string;
  readonly from: 'call' | 'write';
  /** How many calls of the database the operation makes when nothing fails. */
  readonly callsUsual: number;
}

/** How it went. */
export interface Met extends Meeting {
  readonly fault: NetFault;
  /** `done`, or the code of the error. */
  readonly outcome: string;
  /** `r` for each read and `w` for each write, in order. */
  readonly calls: string;
  /** Whether its effect is there afterwards. Undefined for what only reads. */
  readonly shows: boolean | undefined;
  /** Of the longest call of the database under the fault. */
  readonly callMs: number;
  /** Of the operation, all its calls included. */
  readonly operationMs: number;
  readonly healedMs: number;
}

/** Whether the fault has begun at all. */
export function hasMet({ from, calls }: Met): boolean {
  return from === 'call' || calls.includes('w');
}

/** Every way that operations meet a fault. A write with reads before it has two. */
export function meetingsOf(rehearsed: readonly Rehearsed[]): Meeting[] {
  return rehearsed.flatMap(({ operation, calls }) => {
    const whole: Meeting = { operation, from: 'call', callsUsual: calls.length };
    return calls.indexOf('w') > 0 ? [whole, { ...whole, from: 'write' }] : [whole];
  });
}
