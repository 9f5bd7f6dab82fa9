import { copyFile, copyServer } from '#db/local';
import { HoldfastError } from '../core/index.js';
import { localPath } from './local/local-path.js';
import { topologyOf } from './topology.js';

/**
 * Copies a database as it is at one moment into a new file, while it is in use: a file from a
 * process of its own (F14), a server's by its dump. Node only.
 * @throws HoldfastError `database-…`; `setting-invalid` for what has no file and no server
 */
export async function copyDatabase(
  source: { readonly url: string; readonly authToken?: string | undefined },
  target: string,
  options: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  switch (topologyOf(source.url)) {
    case 'file':
      return await copyFile(localPath(source.url), target, options);
    case 'remote':
      return await copyServer(source, target, options);
    case 'memory':
    case 'replica':
    case undefined: {
      const received = JSON.stringify(source.url);
      const rule = 'must be a file: URL, or libsql:, https:, http: of a server';
      throw new HoldfastError('setting-invalid', `url: ${rule} (received ${received})`);
    }
  }
}
