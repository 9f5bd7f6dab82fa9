import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HoldfastError, messageOf } from '../src/core/index.js';
import type { Settings } from './env.js';

/** Where what belongs to this machine is kept when no database does. */
const DEFAULT_DIRECTORY = 'data';

/** The directory of the queue's file, where the key for local use is kept too. */
export function dataDirectory({ QUEUE_DATABASE_URL: url }: Settings): string {
  return directoryOf(url) ?? DEFAULT_DIRECTORY;
}

/**
 * Makes the directories of database files.
 * @throws HoldfastError `data-directory-unusable` naming the setting and the directory
 */
export async function makeDataDirectories(settings: Settings): Promise<void> {
  for (const name of ['QUEUE_DATABASE_URL', 'SYSTEM_DATABASE_URL'] as const) {
    const directory = directoryOf(settings[name]);
    if (directory === undefined) continue;
    try {
      await mkdir(directory, { recursive: true });
      await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (cause) {
      throw new HoldfastError(
        'data-directory-unusable',
        `${name}: the directory ${directory} cannot be read and written: ${messageOf(cause)}`,
        { cause },
      );
    }
  }
}

/** The directory of a `file:` URL; undefined for servers and for memory. */
function directoryOf(url: string): string | undefined {
  if (!url.startsWith('file:') || url.startsWith('file::memory:')) return undefined;
  const [path = ''] = url.slice('file:'.length).split('?');
  return dirname(path.startsWith('//') ? fileURLToPath(`file:${path}`) : path);
}
