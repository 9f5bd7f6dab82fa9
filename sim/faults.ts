import type { Dice } from './dice.js';

/** What can go wrong with one request between a process and the server. */
export const FAULTS = [
  /** It never arrives. */
  'request-lost',
  /** It is carried out; the answer never arrives. */
  'answer-lost',
  /** It is carried out twice, the second time later. */
  'duplicated',
  /** It arrives when its sender has given it up. */
  'late',
  /** The lock was not free. */
  'busy',
  /** Too many requests. */
  'status-429',
  /** A gateway says that the server did not answer; it may have. */
  'status-502',
  /** It takes longer than the sender waits, and is carried out all the same. */
  'timeout',
  /** Nothing is written. */
  'disk-full',
  /** The server ends the transaction. Nothing is written. */
  'transaction-timeout',
] as const;

export type FaultKind = (typeof FAULTS)[number];

/** How likely each fault is for one request; one that is not there does not happen. */
export type FaultMix = Partial<Record<FaultKind, number>>;

export const NO_FAULTS: FaultMix = {};

/** A few kinds of faults, of a strength of their own: together they would hide each other. */
export function drawFaults(dice: Dice): FaultMix {
  const mix: FaultMix = {};
  const strength = dice.pick([0, 0.02, 0.05, 0.15]);
  for (const kind of FAULTS) if (dice.chance(0.4)) mix[kind] = strength;
  return mix;
}

export function drawFault(mix: FaultMix, dice: Dice): FaultKind | undefined {
  let left = dice.next();
  for (const kind of FAULTS) {
    left -= mix[kind] ?? 0;
    if (left < 0) return kind;
  }
  return undefined;
}
