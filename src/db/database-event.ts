import type { Checkpoint } from './checkpoint.js';

/** What happens inside a database, for those who listen. Durations are milliseconds. */
export type DatabaseEvent =
  | {
      /** The write lock was not free at once; now the operation has it. */
      readonly kind: 'lock-wait';
      readonly label: string;
      readonly waitedMs: number;
      readonly heldBy: string;
    }
  | {
      /** SQLite or the server answered BUSY: once an answer, the `times`-th of this call. */
      readonly kind: 'busy';
      readonly label: string;
      readonly times: number;
      readonly waitedMs: number;
    }
  | {
      readonly kind: 'deadline-passed';
      readonly label: string;
      readonly waitedMs: number;
      readonly heldBy: string;
    }
  | {
      readonly kind: 'retry';
      readonly label: string;
      readonly attempt: number;
      readonly reason: string;
    }
  | {
      /** A write held the lock, or was with the server, for longer than `slowWriteMs`. */
      readonly kind: 'slow-write';
      readonly label: string;
      readonly tookMs: number;
    }
  | { readonly kind: 'connection-discarded'; readonly reason: string }
  | { readonly kind: 'transaction-expired'; readonly label: string; readonly heldMs: number }
  | { readonly kind: 'circuit-changed'; readonly state: 'closed' | 'open' | 'half-open' }
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'checkpoint-failed'; readonly error: unknown };

export type DatabaseListener = (event: DatabaseEvent) => void;
