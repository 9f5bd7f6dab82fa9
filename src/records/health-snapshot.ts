import type { Json } from '../core/index.js';

export const HEALTH_STATUSES = ['ok', 'degraded'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/** A health report as it was at one time. */
export interface HealthSnapshot {
  /** The id of the maintenance run that took it, a UUIDv7. */
  readonly id: string;
  /** Milliseconds, by the database's clock. */
  readonly takenAt: number;
  readonly status: HealthStatus;
  /** The report, as JSON. */
  readonly report: Json;
}
