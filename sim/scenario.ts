import type { QueueSettings } from '../src/promises/index.js';
import type { Dice } from './dice.js';
import { drawFaults, type FaultMix } from './faults.js';

/** What one seed plays. */
export interface Scenario {
  readonly faults: FaultMix;
  /** When the faults end, in milliseconds from the start. */
  readonly durationMs: number;
  /** How late a request may still arrive, after its sender has given it up. */
  readonly lateMsMax: number;
  readonly leaseMs: number;
  readonly clocksDrift: boolean;
  readonly queues: Readonly<Record<string, QueueSettings>>;
  readonly orders: number;
  readonly producers: number;
  readonly workers: number;
  readonly executors: number;
  readonly schedulers: number;
  readonly recoverers: number;
  readonly cleaners: number;
  readonly callers: number;
  /** Processes that die, and are started again. */
  readonly crashes: number;
  /** Processes that stand still for a while. */
  readonly stops: number;
  /** Times that a clock is set. */
  readonly jumps: number;
}

/**
 * Longest time that the server's clock is put back: what it has just seen may not have come yet.
 * Between a look and the write that follows it this is no fault.
 */
export const BACK_MS_MAX = 1_000;
/** Settled promises are kept this long: longer than a producer may ask again. */
export const RETENTION_MS = 90_000;
/** A producer that has no answer gives up in the end. */
export const PRODUCER_PATIENCE_MS = 45_000;

/** A few actors, few orders, a few kinds of faults: what is not drawn cannot hide the rest. */
export function drawScenario(dice: Dice): Scenario {
  const some = (probability: number, max: number) =>
    dice.chance(probability) ? dice.int(1, max) : 0;
  const schedulers = some(0.25, 2) * 2;
  return {
    faults: drawFaults(dice),
    durationMs: dice.pick([3_000, 6_000, 12_000]),
    lateMsMax: dice.pick([200, 2_000, 6_000]),
    leaseMs: dice.pick([1_000, 2_000, 6_000]),
    clocksDrift: dice.chance(0.5),
    queues: drawQueues(dice),
    orders: dice.pick([2, 3, 6]),
    producers: dice.int(1, 2),
    workers: dice.int(1, 2),
    executors: some(0.25, 1),
    schedulers: Math.min(schedulers, 2),
    recoverers: some(0.8, 2),
    cleaners: some(0.4, 1),
    callers: some(0.6, 1),
    crashes: some(0.5, 3),
    stops: some(0.5, 2),
    jumps: some(0.3, 2),
  };
}

function drawQueues(dice: Dice): Scenario['queues'] {
  return {
    narrow: { concurrency: dice.int(1, 3) },
    keyed: { perKey: { concurrency: dice.int(1, 2) } },
    strict: { perKey: { order: 'strict' } },
    slow: { rate: { limit: dice.int(1, 3), period: dice.pick([5_000, 20_000]) } },
  };
}
