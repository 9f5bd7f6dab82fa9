/** What a process is told when it begins. */
export interface ActorOrders {
  readonly url: string;
  /** Calls that make promises, one after the other. */
  readonly calls: number;
}

/** Where the service is, whenever there is one: all that an asker and a pull worker know. */
export interface Api {
  readonly url: string;
  readonly key: string;
}

/** Short: whoever was killed is missed soon. */
export const LEASE_MS = 1_000;
