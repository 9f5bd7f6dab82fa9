import { readFile } from 'node:fs/promises';

/** Who holds a lock. `pid` 0: a process that cannot be seen from here, as in another container. */
export interface Holder {
  readonly pid: number;
  /** Its command line, cut to 100 characters; empty when it cannot be read. */
  readonly command: string;
}

/** A connection that reads. `slot` names its read mark in the WAL index; null in other journal modes. */
export interface Reader extends Holder {
  readonly slot: number | null;
}

/** The locks that processes hold on one database, as the kernel tells them. */
export interface LockTable {
  readonly writer: Holder | null;
  readonly readers: readonly Reader[];
}

interface Lock {
  readonly pid: number;
  readonly inode: number;
  readonly start: number;
  readonly end: number;
}

/** Where SQLite puts its locks: in the `-shm` file, and in the database file in other journal modes. */
const WAL = { write: 120, readFirst: 123, slots: 5 } as const;
const PENDING_BYTE = 0x40_00_00_00;
const FILE = {
  pending: PENDING_BYTE,
  reserved: PENDING_BYTE + 1,
  shared: PENDING_BYTE + 2,
} as const;

const COMMAND_LENGTH_MAX = 100;

/**
 * Reads who holds which lock from the kernel's table, which opens nothing: Linux only.
 * Undefined where there is no such table.
 */
export async function readLockTable(
  inodes: { readonly file: number; readonly shm: number | null },
  walMode: boolean,
  own: ReadonlySet<number>,
): Promise<LockTable | undefined> {
  const table = await readFile('/proc/locks', 'utf8').catch(() => undefined);
  if (table === undefined) return undefined;
  const locks = parseLocks(table).filter(({ pid }) => !own.has(pid));
  const { writers, readers } = walMode
    ? locksOfWal(locks, inodes.shm)
    : locksOfFile(locks, inodes.file);
  const [writer] = writers;
  return {
    writer: writer === undefined ? null : await holderOf(writer.pid),
    readers: await Promise.all(
      readers.map(async ({ pid, slot }) => ({ ...(await holderOf(pid)), slot })),
    ),
  };
}

/** `1: POSIX  ADVISORY  WRITE 1234 fe:00:2457920 120 120`; one that waits has `->` after its number. */
const LINE =
  /^\d+: POSIX\s+\S+\s+(?:READ|WRITE)\s+(-?\d+)\s+[\da-f]+:[\da-f]+:(\d+)\s+(\d+)\s+(\d+|EOF)/;

export function parseLocks(table: string): Lock[] {
  return table.split('\n').flatMap((line) => {
    const found = LINE.exec(line);
    if (found === null) return [];
    const [, pid = 0, inode = 0, start = 0] = found.map(Number);
    const end = found[4] === 'EOF' ? Number.POSITIVE_INFINITY : Number(found[4]);
    return [{ pid: Math.max(0, pid), inode, start, end }];
  });
}

function locksOfWal(locks: readonly Lock[], inode: number | null) {
  // Neighbouring locks of one process are one line.
  const holdersOf = (byte: number) =>
    locks.filter((lock) => lock.inode === inode && lock.start <= byte && lock.end >= byte);
  const slots = Array.from({ length: WAL.slots }, (_, slot) => slot);
  return {
    writers: holdersOf(WAL.write),
    readers: slots.flatMap((slot) =>
      holdersOf(WAL.readFirst + slot).map(({ pid }) => ({ pid, slot })),
    ),
  };
}

/** A connection that writes holds RESERVED, then PENDING; one that reads holds SHARED. */
function locksOfFile(locks: readonly Lock[], inode: number) {
  const ours = locks.filter((lock) => lock.inode === inode);
  const writers = ours.filter(({ start }) => start === FILE.pending || start === FILE.reserved);
  const writing = new Set(writers.map(({ pid }) => pid));
  return {
    writers,
    readers: ours
      .filter(({ pid, start }) => start === FILE.shared && !writing.has(pid))
      .map(({ pid }) => ({ pid, slot: null })),
  };
}

async function holderOf(pid: number): Promise<Holder> {
  const line = pid === 0 ? '' : await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return { pid, command: line.replaceAll('\0', ' ').trim().slice(0, COMMAND_LENGTH_MAX) };
}
