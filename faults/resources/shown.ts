export const MIB = 1_048_576;
export const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
export const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

/** What a part of the rig has shown. */
export interface Shown {
  readonly told: readonly string[];
  readonly faults: readonly string[];
}
