import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf, systemClock } from '../../../core/index.js';
import type {
  Evidence,
  FileEvidence,
  InsideEvidence,
  InspectFileOptions,
} from '../../doctor/evidence.js';
import {
  FIGURES,
  figuresOf,
  HAS_MIGRATIONS,
  integrityOf,
  MIGRATIONS,
  PARTS,
  QUICK_CHECK,
  recognise,
  schemaEvidence,
  UNINDEXED_KEYS,
} from '../../doctor/questions.js';
import { settingsOf } from '../../open-options.js';
import { readServerSettings, SETTINGS_QUERIES } from '../../remote/server-settings.js';
import type { Profile } from '../../settings.js';
import type { ResultSet, Row } from '../../statement.js';
import { expectedParts } from '../expected-parts.js';
import { readerPragmas } from '../open-connection.js';
import { Aside } from './aside.js';
import { FILE_HEAD_BYTES, parseFileHead, parseWalIndex, WAL_INDEX_BYTES } from './file-head.js';
import { type LockTable, readLockTable } from './lock-table.js';

/** One look at what may change at any moment. */
interface Look {
  readonly at: number;
  readonly locks: LockTable | undefined;
  readonly wal: ReturnType<typeof parseWalIndex>;
}

/** Looks at a database file without changing it, from a process of its own (F14, F19). */
export async function inspectFile(options: InspectFileOptions): Promise<Evidence> {
  const path = resolve(options.path);
  const nothing = { topology: 'file', file: null, inside: null, roundTripMs: null } as const;
  const notLooked: string[] = [];
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || !found.isFile()) {
    const message = found === undefined ? 'there is no such file' : 'it is no file';
    const unreachable = { code: 'database-unavailable', message: `${path}: ${message}` };
    return { ...nothing, unreachable, notLooked };
  }
  const aside = new Aside('doctor');
  let unreachable: Evidence['unreachable'] = null;
  let inside: InsideEvidence | null = null;
  let outside: Awaited<ReturnType<typeof lookOutside>>;
  try {
    const bytes = await aside.head(path, FILE_HEAD_BYTES, options.deadlineMs);
    const walMode = bytes === undefined ? false : (parseFileHead(bytes)?.walMode ?? false);
    const first = await look(aside, path, walMode, options.deadlineMs);
    outside = await lookOutside(path, walMode, first);
    try {
      inside = await lookInside(aside, { ...options, path }, notLooked);
    } catch (error) {
      const { code = 'internal' } = error as { readonly code?: string };
      unreachable = { code, message: messageOf(error) };
    }
  } finally {
    await aside.end();
  }
  const file = await lookAgain(path, outside, options);
  if (file.locks === null) notLooked.push('who holds locks: this system does not tell');
  return { topology: 'file', unreachable, file, inside, roundTripMs: null, notLooked };
}

async function lookOutside(path: string, walMode: boolean, first: Look) {
  const { size: fileBytes } = await stat(path);
  const may = (where: string) =>
    access(where, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    );
  const unwritable: ('file' | 'directory')[] = [];
  if (!(await may(path))) unwritable.push('file');
  if (!(await may(dirname(path)))) unwritable.push('directory');
  const walBytes = await sizeOf(`${path}-wal`);
  const journalBytes = await sizeOf(`${path}-journal`);
  return { first, fileBytes, walBytes, journalBytes, walMode, unwritable };
}

/** The bytes come first: once a connection is open, no file may be opened beside it. */
async function look(
  aside: Aside,
  path: string,
  walMode: boolean,
  deadlineMs: number,
): Promise<Look> {
  const shm = await stat(`${path}-shm`).catch(() => undefined);
  const bytes =
    walMode && shm !== undefined
      ? await aside.head(`${path}-shm`, WAL_INDEX_BYTES, deadlineMs)
      : undefined;
  const { ino: file } = await stat(path);
  const own = new Set([aside.pid ?? -1]);
  return {
    at: systemClock.monotonic(),
    locks: await readLockTable({ file, shm: shm?.ino ?? null }, walMode, own),
    wal: bytes === undefined ? undefined : parseWalIndex(bytes),
  };
}

async function lookAgain(
  path: string,
  outside: Awaited<ReturnType<typeof lookOutside>>,
  { betweenMs, deadlineMs }: InspectFileOptions,
): Promise<FileEvidence> {
  const { first, ...file } = outside;
  await systemClock.sleep(Math.max(0, first.at + betweenMs - systemClock.monotonic()));
  const aside = new Aside('doctor');
  const second = await look(aside, path, file.walMode, deadlineMs).finally(() => aside.end());
  const { frames, checkpointedFrames } = second.wal ?? {};
  return {
    ...file,
    wal:
      frames === undefined || checkpointedFrames === undefined
        ? null
        : { frames, checkpointedFrames },
    locks: compareLooks(first, second),
  };
}

function compareLooks(first: Look, second: Look): FileEvidence['locks'] {
  if (first.locks === undefined || second.locks === undefined) return null;
  const { writer } = second.locks;
  const before = first.locks;
  const old = second.locks.readers.filter(({ pid, slot }) => {
    const was = before.readers.some((reader) => reader.pid === pid && reader.slot === slot);
    return was && isOld(slot, first, second);
  });
  const longReaders = new Map(old.map(({ pid, command }) => [pid, { pid, command }]));
  return {
    writer: writer ?? before.writer,
    writerStayed: writer !== null && before.writer?.pid === writer.pid,
    longReaders: [...longReaders.values()],
    betweenMs: Math.round(second.at - first.at),
  };
}

/** Whether who reads there sees an old state, and was there at both looks. */
function isOld(slot: number | null, first: Look, second: Look): boolean {
  if (slot === null) return true;
  const mark = second.wal?.readMarks[slot] ?? 0;
  const { frames = 0, checkpointedFrames = 0 } = second.wal ?? {};
  // In slot 0 are those who need nothing of the WAL: they keep it from being carried into the file.
  if (slot === 0) return frames > checkpointedFrames;
  return mark < frames && first.wal?.readMarks[slot] === mark;
}

async function lookInside(
  aside: Aside,
  options: InspectFileOptions,
  notLooked: string[],
): Promise<InsideEvidence> {
  const { path, encryptionKey, deadlineMs, schemas } = options;
  const all = (sql: string) => aside.all(sql, deadlineMs);
  await aside.open({ path, encryptionKey }, deadlineMs);
  const [timeout] = await all('PRAGMA busy_timeout');
  const asDefault = await settingsNow(all, Number(timeout?.timeout ?? 0));
  const applied = await appliedOf(all);
  const recognised = recognise(applied, schemas);
  const asOurs = await settingsAsOurs(aside, recognised?.schema.profile ?? 'client', deadlineMs);
  const figures = figuresOf(await Promise.all(FIGURES.map(({ sql }) => all(sql))));
  const expected = recognised === undefined ? [] : expectedParts(recognised.applied);
  return {
    sqliteVersion: asDefault.sqliteVersion,
    settings: {
      asDefault: asDefault.found,
      asOurs,
    },
    ...figures,
    schema: schemaEvidence(
      applied,
      recognised,
      { found: await all(PARTS), expected },
      await all(UNINDEXED_KEYS),
    ),
    integrityErrors: await checked(aside, options, notLooked),
  };
}

async function checked(
  aside: Aside,
  { integrity, deadlineMs }: InspectFileOptions,
  notLooked: string[],
): Promise<readonly string[] | null> {
  if (!integrity) {
    notLooked.push('integrity: not asked for');
    return null;
  }
  try {
    return integrityOf(await aside.all(QUICK_CHECK, deadlineMs * 10));
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code === 'database-corrupt') return [messageOf(error)];
    if (code !== 'database-timeout') throw error;
    notLooked.push(`integrity: the check took longer than ${deadlineMs * 10} ms`);
    return null;
  }
}

async function appliedOf(all: (sql: string) => Promise<readonly Row[]>): Promise<readonly Row[]> {
  const [has] = await all(HAS_MIGRATIONS);
  return Number(has?.found) === 0 ? [] : await all(MIGRATIONS);
}

async function settingsAsOurs(aside: Aside, profile: Profile, deadlineMs: number) {
  const settings = settingsOf(profile);
  const version = await aside.all('SELECT sqlite_version() AS version', deadlineMs);
  for (const pragma of readerPragmas(settings, String(version[0]?.version))) {
    await aside.exec(`PRAGMA ${pragma}`, deadlineMs);
  }
  return (await settingsNow((sql) => aside.all(sql, deadlineMs), settings.busyDeadlineMs)).found;
}

async function settingsNow(all: (sql: string) => Promise<readonly Row[]>, busyDeadlineMs: number) {
  const answers: ResultSet[] = [];
  for (const { sql } of SETTINGS_QUERIES) {
    answers.push({ columns: [], rows: await all(sql), rowsAffected: 0 });
  }
  return readServerSettings(answers, busyDeadlineMs);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
