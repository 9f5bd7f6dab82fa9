import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { sha256 } from '#functions/platform';
import type { HoldfastConfig } from '../../functions/config.js';
import { parseConfig } from '../../functions/config.js';
import { makeDataDirectories } from '../../functions/data-directory.js';
import { migrateDatabases, openDatabases } from '../../functions/databases.js';
import { readSettings } from '../../functions/env.js';
import { silentLog } from '../core/index.js';
import { Transfer, verifyLines } from '../promises/index.js';

type Env = Readonly<Record<string, unknown>>;

/**
 * Writes the queue database as NDJSON, to a file or to the standard output. A file
 * appears under its name when it is whole.
 */
export async function runExport(env: Env, config: HoldfastConfig, file?: string): Promise<void> {
  await withTransfer(env, config, async (transfer) => {
    const draft = file === undefined ? undefined : `${file}.${process.pid}.part`;
    const out = draft === undefined ? process.stdout : createWriteStream(draft, { flags: 'wx' });
    let lines = 0;
    try {
      for await (const line of transfer.export()) {
        await write(out, line);
        lines += 1;
      }
      if (draft === undefined || file === undefined) return;
      out.end();
      await once(out, 'close');
      await rename(draft, file);
    } finally {
      if (draft !== undefined) await rm(draft, { force: true });
    }
    console.error(`${file}: ${lines} lines`);
  });
}

/** Brings an export into the queue database, or only checks that it is whole. */
export async function runImport(
  env: Env,
  config: HoldfastConfig,
  options: { readonly file?: string; readonly check: boolean },
): Promise<void> {
  const source = options.file === undefined ? process.stdin : createReadStream(options.file);
  if (options.check) {
    const counts = await verifyLines(linesOf(source), sha256());
    console.log(`whole: ${listed(Object.entries(counts))}`);
    return;
  }
  await withTransfer(env, config, async (transfer) => {
    const report = await transfer.import(linesOf(source));
    for (const [kind, { imported, known, conflicts }] of Object.entries(report)) {
      const counts = {
        imported,
        'known already': known,
        'left out (key or name taken)': conflicts,
      };
      console.log(`${kind}: ${listed(Object.entries(counts).map(([name, n]) => [name, n]))}`);
    }
  });
}

async function withTransfer(
  env: Env,
  config: HoldfastConfig,
  work: (transfer: Transfer) => Promise<void>,
): Promise<void> {
  const settings = readSettings(env, 'node', parseConfig(config).settings);
  await makeDataDirectories(settings);
  const databases = await openDatabases(settings, silentLog);
  try {
    await migrateDatabases(databases);
    await work(new Transfer(databases.queue, { digest: sha256 }));
  } finally {
    await Promise.all(Object.values(databases).map((database) => database.close()));
  }
}

/** A generator, so that reading begins with the first line asked for: what came before would be lost. */
async function* linesOf(source: Readable): AsyncGenerator<string> {
  source.setEncoding('utf8');
  yield* createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY });
}

async function write(out: Writable, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain');
}

function listed(counts: readonly (readonly [string, number])[]): string {
  return counts.map(([name, count]) => `${count} ${name}`).join(', ');
}
