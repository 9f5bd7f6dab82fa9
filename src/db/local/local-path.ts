import { expandConfig } from '@libsql/core/config';

/** The path that a `file:` URL names; SQLite's own URI for memory. */
export function localPath(url: string): string {
  const { path } = expandConfig({ url }, true);
  return path.startsWith(':memory:') ? `file:${path}` : path;
}
