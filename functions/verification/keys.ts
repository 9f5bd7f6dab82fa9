import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../src/core/index.js';
import type { PromiseStore } from '../../src/promises/index.js';
import type { AesVault } from '../../src/tasks/index.js';
import { dataDirectory } from '../data-directory.js';
import { isLoopback, type Settings } from '../env.js';
import { type Check, notOk, ok } from './check.js';

/** So many of the newest promises are looked at for a key that is missing. */
const LOOK_AT = 100;

/** Whether there is a key that opens the API. */
export function checkApiKey(settings: Settings): Check {
  const name = 'API key';
  if (settings.HOLDFAST_API_KEY !== undefined) return ok(name, 'HOLDFAST_API_KEY is set');
  const found = 'HOLDFAST_API_KEY is not set';
  const advice = 'Set it: any string of at least 32 characters, for example openssl rand -hex 32.';
  if (!isLoopback(settings.HOST)) return notOk(name, 'fault', found, advice);
  if (!settings.QUEUE_DATABASE_URL.startsWith('file:')) {
    return notOk(name, 'warning', `${found}: a Worker does not answer without it`, advice);
  }
  const path = join(dataDirectory(settings), 'api-key');
  return existsSync(path)
    ? ok(name, `the key for local use, in ${path}`)
    : ok(name, `a key for local use is made at the first start, in ${path}`);
}

/** Whether what is encrypted can be opened. `vault` throws when a task asks for a key that is not set. */
export async function checkEncryption(
  vault: () => AesVault,
  store: PromiseStore | undefined,
): Promise<Check> {
  const name = 'encryption keys';
  const advice =
    'Put the key back into HOLDFAST_ENCRYPTION_KEYS, behind the one that encrypts now.';
  let opened: AesVault;
  try {
    opened = vault();
  } catch (error) {
    return notOk(name, 'fault', messageOf(error), 'Set HOLDFAST_ENCRYPTION_KEYS.');
  }
  if (store === undefined) return ok(name, 'there are those that tasks ask for');
  const { promises } = await store.list({ limit: LOOK_AT });
  const sealed = promises.filter((promise) =>
    [promise.payload, 'result' in promise ? promise.result : null].some((body) =>
      opened.isSealed(body),
    ),
  );
  if (sealed.length === 0) {
    return ok(
      name,
      `there are those that tasks ask for, and that the newest ${promises.length} promises need`,
    );
  }
  const found = `${sealed.length} of the newest ${promises.length} promises cannot be opened, such as ${sealed[0]?.id}`;
  return notOk(name, 'fault', found, advice);
}
