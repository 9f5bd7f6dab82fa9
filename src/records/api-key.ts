/** What a key may do. `admin` includes the others. */
export const KEY_SCOPES = ['produce', 'consume', 'read', 'admin'] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** Requests a period. */
export interface RateLimit {
  readonly limit: number;
  readonly periodMs: number;
}

/** An API key as it is stored: never the key itself. Instants are milliseconds since the epoch. */
export interface ApiKey {
  /** UUIDv7. */
  readonly id: string;
  readonly name: string;
  /** Whose promises it sees; empty is the default tenant. */
  readonly tenant: string;
  readonly scopes: readonly KeyScope[];
  /** Null is all of its tenant's. */
  readonly queues: readonly string[] | null;
  readonly rateLimit: RateLimit | null;
  /** The beginning of the key, to tell one from another. */
  readonly hint: string;
  readonly createdAt: number;
  /** Who made it. */
  readonly createdBy: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** To the minute. */
  readonly lastUsedAt: number | null;
  /** Until when the key before the last rotation is taken too. */
  readonly previousUntil: number | null;
}

export interface NewApiKey
  extends Pick<ApiKey, 'id' | 'name' | 'tenant' | 'scopes' | 'queues' | 'rateLimit' | 'createdBy'> {
  readonly expiresAt: number | null;
}

/** What a look at a key's digest tells. */
export interface FoundKey {
  readonly key: ApiKey;
  readonly state: 'good' | 'revoked' | 'expired';
  /** True when `lastUsedAt` is more than a minute old. */
  readonly isUseNews: boolean;
}
