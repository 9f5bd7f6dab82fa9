import { hasWalResetBug } from '../settings.js';
import type { Evidence, FileEvidence, InsideEvidence, LockHolder } from './evidence.js';
import { type Finding, finding, type Severity } from './findings.js';

const MIB = 1_048_576;
/** Twice the bound at which our own checkpoints begin. */
const WAL_BYTES_MAX = 32 * MIB;
const UNUSED = { bytesMin: 16 * MIB, shareMin: 0.25 } as const;
const ORDER: readonly Severity[] = ['fault', 'warning', 'note'];

/** What the evidence says, the worst first. */
export function judge(evidence: Evidence): Finding[] {
  const { unreachable, file, inside, topology } = evidence;
  const findings = [
    ...(unreachable === null ? [] : [ofUnreachable(unreachable)]),
    ...(file === null ? [] : ofFile(file)),
    ...(inside === null ? [] : ofInside(inside)),
    ...(inside !== null && topology === 'remote' ? ofServer(inside) : []),
    ...(inside !== null && file !== null ? ofFileSettings(inside, file) : []),
  ];
  return findings.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}

function ofUnreachable({ code, message }: { readonly code: string; readonly message: string }) {
  return finding(code === 'database-corrupt' ? 'corrupt' : 'unreachable', message);
}

function* ofFile(file: FileEvidence): Generator<Finding> {
  const { unwritable, journalBytes, walMode, walBytes, wal, locks } = file;
  if (unwritable.length > 0) yield finding('unwritable', `not writable: ${unwritable.join(', ')}`);
  if (!walMode && file.fileBytes > 0) {
    yield finding('journal-mode', 'the journal mode is not WAL');
  }
  // In WAL a journal is of the time before.
  if (!walMode && journalBytes > 0 && locks?.writer == null) {
    yield finding('journal-left', `a rollback journal of ${journalBytes} bytes, and nobody writes`);
  }
  if (walBytes > WAL_BYTES_MAX) {
    const frames =
      wal === null ? '' : `; ${wal.checkpointedFrames} of ${wal.frames} frames are in the file`;
    yield finding('wal-large', `the WAL has ${mib(walBytes)}${frames}`);
  }
  if (locks === null) return;
  for (const holder of locks.longReaders) {
    yield finding(
      'long-reader',
      `${processOf(holder)} reads an old state, for ${locks.betweenMs} ms at least`,
    );
  }
  if (locks.writer === null) return;
  yield locks.writerStayed
    ? finding(
        'lock-held',
        `${processOf(locks.writer)} has the write lock, at two looks ${locks.betweenMs} ms apart`,
      )
    : finding('writing', `${processOf(locks.writer)} had the write lock for a moment`);
}

function* ofInside({ schema, integrityErrors, ...inside }: InsideEvidence): Generator<Finding> {
  if (integrityErrors !== null && integrityErrors.length > 0) {
    yield finding('corrupt', integrityErrors.join('; '));
  }
  const { missing, version, newestVersion, unindexedForeignKeys } = schema;
  const indexes = missing.filter(({ type }) => type === 'index');
  const others = missing.filter(({ type }) => type !== 'index');
  if (others.length > 0) yield finding('schema-incomplete', namesOf(others), sqlOf(others));
  if (indexes.length > 0) yield finding('index-missing', namesOf(indexes), sqlOf(indexes));
  for (const key of unindexedForeignKeys) {
    yield finding('foreign-key-index-missing', `no index begins with ${key}`);
  }
  if (version !== null && newestVersion !== null && version < newestVersion) {
    yield finding('schema-behind', `schema ${version}, this code wants ${newestVersion}`);
  }
  if (version !== null && newestVersion !== null && version > newestVersion) {
    yield finding('schema-newer', `schema ${version}, this code knows ${newestVersion}`);
  }
  const unused = inside.freePages * inside.pageSizeBytes;
  if (unused >= UNUSED.bytesMin && inside.freePages / inside.pages >= UNUSED.shareMin) {
    yield finding(
      'space-unused',
      `${mib(unused)} of ${mib(inside.pages * inside.pageSizeBytes)} are empty pages`,
    );
  }
}

function* ofFileSettings(inside: InsideEvidence, file: FileEvidence): Generator<Finding> {
  const { sqliteVersion, settings } = inside;
  if (file.walMode && sqliteVersion !== null && hasWalResetBug(sqliteVersion)) {
    const { walAutocheckpointPages, mmapBytes } = settings.asDefault;
    yield finding(
      'wal-reset-bug',
      `SQLite ${sqliteVersion}; a default client checkpoints by itself every ${walAutocheckpointPages} pages, with mmap_size ${mmapBytes}`,
    );
  }
  const { busyDeadlineMs } = settings.asDefault;
  if ((busyDeadlineMs ?? 0) < 1_000) {
    yield finding('default-settings', `a default client waits ${busyDeadlineMs} ms for the lock`);
  }
}

function* ofServer({ settings }: InsideEvidence): Generator<Finding> {
  const { journalMode, synchronous } = settings.asDefault;
  yield finding('managed', `journal mode ${journalMode ?? 'not told'}, set by the server`);
  if (synchronous === 'normal' || synchronous === 'off') {
    yield finding('server-durability', `synchronous is ${synchronous}`);
  }
}

function processOf({ pid, command }: LockHolder): string {
  if (pid === 0) return 'a process that cannot be seen from here';
  return command === '' ? `process ${pid}` : `process ${pid} (${command})`;
}

function namesOf(parts: readonly { readonly type: string; readonly name: string }[]): string {
  return parts.map(({ type, name }) => `${type} ${name}`).join(', ');
}

function sqlOf(parts: readonly { readonly sql: string }[]): string[] {
  return parts.map(({ sql }) => sql.trim());
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}
