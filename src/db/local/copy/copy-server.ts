import { HoldfastError, messageOf } from '../../../core/index.js';
import { splitScript } from '../../split-script.js';
import { Aside } from '../aside/aside.js';
import type { CopyOptions } from './copy-file.js';
import { syncPath } from './sync-path.js';

export interface ServerSource {
  /** `http:`, `https:` or `libsql:`. */
  readonly url: string;
  readonly authToken?: string | undefined;
}

/** Statements of a dump that are run at once, in characters. */
const BATCH_LENGTH = 1_048_576;
const STATEMENTS_MS = 60_000;

/** A new file is made of the dump, and thrown away when that fails: nothing in it need be safe before its end. */
const PREPARE = `
PRAGMA auto_vacuum=incremental;
PRAGMA journal_mode=off;
PRAGMA synchronous=off`;

/** Makes a file of a server's dump, which the server takes at one moment. `target` must not exist. */
export async function copyServer(
  source: ServerSource,
  target: string,
  { deadlineMs, signal }: CopyOptions,
): Promise<void> {
  const deadline = AbortSignal.timeout(deadlineMs);
  const stop = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
  const aside = new Aside('backup');
  try {
    await aside.open({ path: target, writable: true }, STATEMENTS_MS);
    await aside.exec(PREPARE, STATEMENTS_MS);
    let last = '';
    for await (const statements of statementsOf(source, stop)) {
      await aside.exec(statements.join('\n'), STATEMENTS_MS, stop);
      last = statements.at(-1) ?? last;
    }
    if (!/^\s*COMMIT;?\s*$/i.test(last)) throw cut(source, 'the dump ends too early');
    await aside.close();
  } finally {
    await aside.end();
  }
  await syncPath(target);
}

async function* statementsOf(
  source: ServerSource,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  let rest = '';
  for await (const text of dumpOf(source, signal)) {
    rest += text;
    if (rest.length < BATCH_LENGTH) continue;
    const statements = splitScript(rest);
    // What comes last may go on in the next piece.
    rest = statements.pop() ?? '';
    if (statements.length > 0) yield statements;
  }
  const statements = splitScript(rest);
  if (statements.length > 0) yield statements;
}

async function* dumpOf(
  { url, authToken }: ServerSource,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const address = new URL('/dump', url.replace(/^libsql:/i, 'https:'));
  const headers = authToken === undefined ? {} : { Authorization: `Bearer ${authToken}` };
  try {
    const response = await fetch(address, { headers, signal });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw cut({ url }, `the server answered ${response.status} to ${address.pathname}`);
    }
    const decoder = new TextDecoder();
    for await (const chunk of response.body) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw cut({ url }, messageOf(error), error);
  }
}

function cut({ url }: ServerSource, why: string, cause?: unknown): HoldfastError {
  const { host } = new URL(url.replace(/^libsql:/i, 'https:'));
  return new HoldfastError('database-unavailable', `${host}: cannot be dumped: ${why}`, {
    cause,
    retryable: true,
  });
}
