import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Binding from 'libsql';
import { onTestFinished } from 'vitest';
import {
  type DiagnoseOptions,
  type Diagnosis,
  diagnose,
  type FindingCode,
  type KnownSchema,
} from '../../src/db/index.js';
import { promiseMigrations } from '../../src/promises/index.js';
import { recordMigrations } from '../../src/records/index.js';
import { tempDir } from '../support/temp-dir.js';

export const SCHEMAS: readonly KnownSchema[] = [
  { profile: 'queue', migrations: promiseMigrations },
  { profile: 'system', migrations: recordMigrations },
];

/** A file that some program has made with this SQL. */
export function prepared(...script: readonly string[]): string {
  const path = join(tempDir(), 'prepared.db');
  const connection = new Binding(path);
  for (const sql of script) connection.exec(sql);
  connection.close();
  return path;
}

/** A process that has run this SQL on the file and keeps it open. */
export async function hold(path: string, ...script: readonly string[]) {
  const holder = fork(fileURLToPath(new URL('./holder.mjs', import.meta.url)), [path, ...script], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const end = async () => {
    if (holder.exitCode !== null || holder.signalCode !== null) return;
    const gone = once(holder, 'exit');
    holder.kill('SIGKILL');
    await gone;
  };
  onTestFinished(end);
  const ended = once(holder, 'exit').then(() => Promise.reject(new Error('the holder has ended')));
  ended.catch(() => {});
  await Promise.race([once(holder, 'message'), ended]);
  return { pid: holder.pid, end };
}

export function look(url: string, options: Partial<DiagnoseOptions> = {}): Promise<Diagnosis> {
  return diagnose({ url, schemas: SCHEMAS, betweenMs: 50, ...options });
}

export function codesOf({ findings }: Diagnosis, severity?: string): FindingCode[] {
  const told = findings.filter((one) => severity === undefined || one.severity === severity);
  return told.map(({ code }) => code);
}

export function findingOf({ findings }: Diagnosis, code: FindingCode) {
  return findings.find((one) => one.code === code);
}
