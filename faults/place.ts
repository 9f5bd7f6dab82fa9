import { join } from 'node:path';
import { type Sqld, startSqld } from '../test/support/sqld.js';
import { makeDirectory } from './directory.js';

export const PLACES = ['file', 'sqld'] as const;
export type PlaceKind = (typeof PLACES)[number];

/** A server turns away what comes beyond 128 at once, requests that nobody waits for any more included. */
export const FOR_MANY_CLIENTS = [
  '--max-concurrent-connections=1000',
  '--max-concurrent-requests=1000',
];

/** A database that processes share, and its server where it has one. */
export interface Place {
  readonly kind: PlaceKind;
  readonly url: string;
  /** Of its own; gone at the end. */
  readonly directory: string;
  /** Kills the server, and starts another over the same files. */
  readonly killServer?: () => Promise<void>;
  close(): Promise<void>;
}

/** @param args of the server, beside what it needs */
export async function makePlace(kind: PlaceKind, args: readonly string[] = []): Promise<Place> {
  const { path: directory, remove } = makeDirectory('shared');
  if (kind === 'file') {
    const url = `file:${join(directory, 'queue.db')}`;
    return { kind, url, directory, close: async () => remove() };
  }
  const dataDir = join(directory, 'sqld');
  let sqld: Sqld = await startSqld({ dataDir, args }).catch((error: unknown) => {
    remove();
    throw error;
  });
  const { url, port, adminPort, grpcPort } = sqld;
  return {
    kind,
    url,
    directory,
    async killServer() {
      await sqld.stop('SIGKILL');
      sqld = await startSqld({ dataDir, port, adminPort, grpcPort, args });
    },
    async close() {
      await sqld.stop();
      remove();
    },
  };
}
