import { type Client, createClient as createPlain } from '@libsql/client';
import { createClient } from '../../src/db/index.js';

/** What is measured side by side. */
export const CONTENDERS = ['plain', 'plain + WAL', 'holdfast'] as const;
export type Contender = (typeof CONTENDERS)[number];

export type Synchronous = 'normal' | 'full';

/**
 * `plain` is `@libsql/client` as its documentation says to use it. `plain + WAL`
 * is what people try next: WAL and a busy timeout, set with `execute`.
 */
export async function openContender(
  contender: Contender,
  url: string,
  synchronous: Synchronous = 'full',
): Promise<Client> {
  if (contender === 'holdfast') return createClient({ url, settings: { synchronous } });
  if (contender === 'plain') return createPlain({ url });
  const client = createPlain({ url, timeout: 1_000 });
  await client.execute('PRAGMA journal_mode=WAL');
  await client.execute(`PRAGMA synchronous=${synchronous}`);
  return client;
}

export const CREATE =
  'CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, writer TEXT, text TEXT)';
export const INSERT = 'INSERT INTO rows (writer, text) VALUES (?, ?)';
