import type { Json } from '../core/index.js';

/**
 * `summary`: what a period was like. `trend`: what has changed since the one before. `anomaly`: what is
 * out of the ordinary. `slow` and `failing`: which types are. `reflection`: what a model made of it.
 */
export const INSIGHT_KINDS = [
  'summary',
  'trend',
  'anomaly',
  'slow',
  'failing',
  'reflection',
] as const;
export type InsightKind = (typeof INSIGHT_KINDS)[number];

/** What was found out about a period. Instants are milliseconds, by the database's clock. */
export interface Insight {
  /** UUIDv7. */
  readonly id: string;
  readonly kind: InsightKind;
  readonly title: string;
  readonly text: string;
  /** The figures that it stands on. */
  readonly data: Json;
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

export type NewInsight = Omit<Insight, 'at'>;
