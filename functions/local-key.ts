import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HoldfastError, messageOf } from '../src/core/index.js';

const KEY_BYTES = 32;

/** The API key for local use: made once, kept in `directory` for its owner alone. */
export async function localKey(directory: string): Promise<string> {
  const path = join(directory, 'api-key');
  try {
    return (await readKey(path)) ?? (await makeKey(path));
  } catch (cause) {
    throw new HoldfastError(
      'data-directory-unusable',
      `${directory}: cannot keep the API key for local use there: ${messageOf(cause)}`,
      { cause },
    );
  }
}

async function readKey(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Two servers that start at once end with one key: a link is made whole, and by one of them. */
async function makeKey(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const key = randomBytes(KEY_BYTES).toString('hex');
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${key}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
    return key;
  } catch (error) {
    const known = codeOf(error) === 'EEXIST' ? await readKey(path) : undefined;
    if (known === undefined) throw error;
    return known;
  } finally {
    await unlink(draft);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
