import { messageOf, systemClock } from '../../core/index.js';
import type { AuthToken } from '../remote/auth-token.js';
import { openRemote } from '../remote/open-remote.js';
import type { RemoteDatabase } from '../remote/remote-database.js';
import { readServerSettings, SETTINGS_QUERIES } from '../remote/server-settings.js';
import type { ResultSet } from '../statement.js';
import type { Evidence, InsideEvidence, KnownSchema, SchemaPart } from './evidence.js';
import {
  FIGURES,
  figuresOf,
  HAS_MIGRATIONS,
  MIGRATIONS,
  PARTS,
  recognise,
  schemaEvidence,
  UNINDEXED_KEYS,
} from './questions.js';

export interface InspectServerOptions {
  readonly url: string;
  readonly authToken?: AuthToken | undefined;
  readonly schemas: readonly KnownSchema[];
  readonly deadlineMs: number;
  /** What migrations make. */
  readonly expectedParts: (migrations: KnownSchema['migrations']) => readonly SchemaPart[];
}

/** Looks at a database on a server, by reads alone. */
export async function inspectServer(options: InspectServerOptions): Promise<Evidence> {
  const { url, authToken, deadlineMs } = options;
  const database = openRemote({ name: 'doctor', url, authToken, profile: 'client' });
  const notLooked = [
    'locks, WAL, integrity: the server’s own; run the doctor on its file, on its machine',
  ];
  const nothing = { topology: 'remote', file: null } as const;
  try {
    const startedAt = systemClock.monotonic();
    await database.read([{ sql: 'SELECT 1' }], { label: 'doctor', deadlineMs });
    const roundTripMs = Math.round(systemClock.monotonic() - startedAt);
    const inside = await lookInside(database, options, notLooked);
    return { ...nothing, unreachable: null, inside, roundTripMs, notLooked };
  } catch (error) {
    const { code = 'internal' } = error as { readonly code?: string };
    const unreachable = { code, message: messageOf(error) };
    return { ...nothing, unreachable, inside: null, roundTripMs: null, notLooked };
  } finally {
    await database.close();
  }
}

async function lookInside(
  database: RemoteDatabase,
  { schemas, deadlineMs, expectedParts }: InspectServerOptions,
  notLooked: string[],
): Promise<InsideEvidence> {
  const ask = async (statements: readonly { readonly sql: string }[]): Promise<ResultSet[]> =>
    await database.read(statements, { label: 'doctor', deadlineMs });
  const rowsOf = async (sql: string) => (await ask([{ sql }]))[0]?.rows ?? [];
  const { found, sqliteVersion } = readServerSettings(await ask(SETTINGS_QUERIES), 0);
  const figures = figuresOf((await ask(FIGURES)).map(({ rows }) => rows));
  const [has] = await rowsOf(HAS_MIGRATIONS);
  const applied = Number(has?.found) === 0 ? [] : await rowsOf(MIGRATIONS);
  const recognised = recognise(applied, schemas);
  const unindexed = await rowsOf(UNINDEXED_KEYS).catch((error: unknown) => {
    notLooked.push(`indexes of foreign keys: the server refuses the question: ${messageOf(error)}`);
    return [];
  });
  const expected = recognised === undefined ? [] : expectedParts(recognised.applied);
  return {
    sqliteVersion,
    settings: { asDefault: found, asOurs: null },
    ...figures,
    integrityErrors: null,
    schema: schemaEvidence(
      applied,
      recognised,
      { found: await rowsOf(PARTS), expected },
      unindexed,
    ),
  };
}
