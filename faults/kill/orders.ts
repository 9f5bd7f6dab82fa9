/** What a process is told when it begins. */
export interface ActorOrders {
  readonly url: string;
  /** Calls that make promises, one after the other. */
  readonly calls: number;
}

/** Short: whoever was killed is missed soon. */
export const LEASE_MS = 1_000;
