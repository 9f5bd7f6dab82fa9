/** What one checkpoint round did. */
export interface Checkpoint {
  /**
   * `done`: the whole WAL is in the database file. `partial`: a reader still
   * needs part of it; the next round goes on. `managed`: the server does this
   * by itself. `skipped`: there is no WAL, or checkpoints are switched off.
   */
  readonly outcome: 'done' | 'partial' | 'managed' | 'skipped';
  /** True when SQLite reported that it could not take its checkpoint lock. */
  readonly busy: boolean;
  /** Frames in the WAL when the round began. */
  readonly logFrames: number;
  /** Frames that are in the database file after it. */
  readonly checkpointedFrames: number;
  /** Size of the `-wal` file before and after, in bytes; null where there is none to see. */
  readonly walBytesBefore: number | null;
  readonly walBytesAfter: number | null;
  /** How long the write lock was held for it, in milliseconds. */
  readonly durationMs: number;
  /** Milliseconds since the epoch. */
  readonly finishedAt: number;
}

/** A round that found nothing for it to do. */
export function noCheckpoint(outcome: 'managed' | 'skipped', finishedAt: number): Checkpoint {
  return {
    outcome,
    busy: false,
    logFrames: 0,
    checkpointedFrames: 0,
    walBytesBefore: null,
    walBytesAfter: null,
    durationMs: 0,
    finishedAt,
  };
}
