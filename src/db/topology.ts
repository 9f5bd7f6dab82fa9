/**
 * Where a database lives: `file` (embedded), `replica` (embedded, fed by a
 * server), `remote` (libsql-server or Turso), `memory` (gone with its process).
 */
export type Topology = 'file' | 'replica' | 'remote' | 'memory';

const REMOTE = /^(?:https?|wss?|libsql):/i;
const MEMORY = /^(?:file:)?:memory:(?:\?|$)/i;

/** The topology that a URL asks for; undefined when the URL's scheme is none of ours. */
export function topologyOf(url: string, syncUrl?: string): Topology | undefined {
  if (MEMORY.test(url)) return 'memory';
  if (REMOTE.test(url)) return 'remote';
  if (!/^file:/i.test(url)) return undefined;
  return syncUrl === undefined || syncUrl === '' ? 'file' : 'replica';
}
