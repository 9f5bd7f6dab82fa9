import { expandConfig } from '@libsql/core/config';
import { expectedParts, inspectFile } from '#db/local';
import { HoldfastError } from '../../core/index.js';
import type { AuthToken } from '../remote/auth-token.js';
import { topologyOf } from '../topology.js';
import type { Evidence, KnownSchema } from './evidence.js';
import type { Finding } from './findings.js';
import { inspectServer } from './inspect-server.js';
import { judge } from './judge.js';

export interface DiagnoseOptions {
  /** `file:…`, or `libsql:`, `https:`, `http:` of a server. */
  readonly url: string;
  readonly authToken?: AuthToken | undefined;
  readonly encryptionKey?: string | undefined;
  /** Schemas to compare with, where the database has one of them. Default none. */
  readonly schemas?: readonly KnownSchema[];
  /** Reads the whole of a file to check it. Default true. */
  readonly integrity?: boolean;
  /** Between the two looks at who holds locks, in milliseconds. Default 1,000. */
  readonly betweenMs?: number;
  /** Longest single question, in milliseconds; the check of a whole file may take ten times as long. Default 30,000. */
  readonly deadlineMs?: number;
}

/** What is well and what is not with one database. */
export interface Diagnosis extends Omit<Evidence, 'unreachable'> {
  /** Without credentials. */
  readonly url: string;
  /** False when there is a fault. */
  readonly ok: boolean;
  /** The worst first. */
  readonly findings: readonly Finding[];
}

/**
 * Looks at any SQLite or libSQL database without changing it. A file is looked at from a
 * process of its own, so that this one may have it open (F14, F19). Node only.
 * @throws HoldfastError `setting-invalid` when there is nothing at such a URL to look at
 */
export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const { unreachable, ...evidence } = await inspect(options);
  const findings = judge({ unreachable, ...evidence });
  return {
    url: withoutCredentials(options.url),
    ok: findings.every(({ severity }) => severity !== 'fault'),
    findings,
    ...evidence,
  };
}

async function inspect(options: DiagnoseOptions): Promise<Evidence> {
  const { url, encryptionKey, schemas = [], deadlineMs = 30_000 } = options;
  switch (topologyOf(url)) {
    case 'file': {
      const { integrity = true, betweenMs = 1_000 } = options;
      const { path } = expandConfig({ url }, true);
      return await inspectFile({ path, encryptionKey, schemas, integrity, betweenMs, deadlineMs });
    }
    case 'remote': {
      const authToken = options.authToken ?? expandConfig({ url }, true).authToken;
      return await inspectServer({ url, authToken, schemas, deadlineMs, expectedParts });
    }
    case 'memory':
    case 'replica':
    case undefined: {
      const rule = 'must be a file: URL, or libsql:, https:, http: of a server';
      throw new HoldfastError('setting-invalid', `url: ${rule} (received ${JSON.stringify(url)})`);
    }
  }
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//…@').replace(/\?.*$/, '');
}
