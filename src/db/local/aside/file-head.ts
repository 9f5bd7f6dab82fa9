/** What the first 100 bytes of a database file say. */
export interface FileHead {
  readonly walMode: boolean;
  readonly pageSizeBytes: number;
}

const MAGIC = 'SQLite format 3\0';

export const FILE_HEAD_BYTES = 100;

/** Undefined when it is no SQLite database, or an encrypted one. */
export function parseFileHead(bytes: Uint8Array): FileHead | undefined {
  if (bytes.length < FILE_HEAD_BYTES) return undefined;
  if (Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pageSize = view.getUint16(16);
  // 65,536 does not fit, and is written as 1. A read version of 2 is WAL.
  return { walMode: bytes[19] === 2, pageSizeBytes: pageSize === 1 ? 65_536 : pageSize };
}

/** How far the WAL and its checkpoints are, from the head of the `-shm` file. */
export interface WalIndex {
  /** Frames in the WAL that are committed. */
  readonly frames: number;
  /** Frames of them that are in the database file. */
  readonly checkpointedFrames: number;
  /** Where each slot's readers stopped: they see no later frame. */
  readonly readMarks: readonly number[];
}

/** Two copies of the header, the count of frames in the file, and five read marks. */
export const WAL_INDEX_BYTES = 120;
const READ_MARKS = 5;

export function parseWalIndex(bytes: Uint8Array): WalIndex | undefined {
  if (bytes.length < WAL_INDEX_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Kept in the byte order of the machine, which is little on all that we run on.
  const at = (offset: number) => view.getUint32(offset, true);
  if (at(0) === 0) return undefined;
  return {
    frames: at(16),
    checkpointedFrames: at(96),
    readMarks: Array.from({ length: READ_MARKS }, (_, slot) => at(100 + 4 * slot)),
  };
}
