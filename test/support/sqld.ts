import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { freePort } from './free-port.js';
import { makeTempDir } from './temp-dir.js';

export interface SqldOptions {
  /** Where it keeps its data; a temporary directory, removed at the end, unless given. */
  readonly dataDir?: string;
  /** Ports to listen on; free ones unless given. */
  readonly port?: number;
  readonly adminPort?: number;
  readonly grpcPort?: number;
  /** Makes it a read replica of another server. */
  readonly primaryGrpcUrl?: string;
  /** How often it checkpoints, in seconds; null: after every 1,000 pages, as it does when it is not told. */
  readonly checkpointEveryS?: number | null;
  /** More arguments for the binary. */
  readonly args?: readonly string[];
}

/** A real libsql-server on 127.0.0.1. */
export interface Sqld {
  readonly url: string;
  readonly adminUrl: string;
  readonly grpcUrl: string;
  readonly port: number;
  readonly adminPort: number;
  readonly grpcPort: number;
  readonly dataDir: string;
  readonly pid: number;
  /** Stops it (SIGTERM, or the signal given), and removes the directory that it made. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** As docs/databases.md says to start one: many writers can bring the other to a standstill. */
const CHECKPOINT_EVERY_S = 30;
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 5_000;

/** Starts a server and resolves when it answers. It also ends with this process. */
export async function startSqld(options: SqldOptions = {}): Promise<Sqld> {
  const temp = options.dataDir === undefined ? makeTempDir() : undefined;
  const dataDir = options.dataDir ?? join(temp?.path ?? '', 'data');
  const port = options.port ?? (await freePort());
  const adminPort = options.adminPort ?? (await freePort());
  const grpcPort = options.grpcPort ?? (await freePort());
  const { checkpointEveryS = CHECKPOINT_EVERY_S } = options;
  const child = spawn(sqldBinary(), [
    '--http-listen-addr',
    `127.0.0.1:${port}`,
    '--admin-listen-addr',
    `127.0.0.1:${adminPort}`,
    ...(options.primaryGrpcUrl === undefined
      ? ['--grpc-listen-addr', `127.0.0.1:${grpcPort}`]
      : ['--primary-grpc-url', options.primaryGrpcUrl]),
    '--no-welcome',
    ...(checkpointEveryS === null ? [] : [`--checkpoint-interval-s=${checkpointEveryS}`]),
    '-d',
    dataDir,
    ...(options.args ?? []),
  ]);
  const output = collectOutput(child);
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    process.off('exit', endWithUs);
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill(signal);
      // Now and then it stays when it is asked to go right after its start.
      const insist = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      await gone;
      clearTimeout(insist);
    }
    temp?.remove();
  };
  const url = `http://127.0.0.1:${port}`;
  await whenReady(`${url}/health`, child, output).catch(async (error: unknown) => {
    await stop('SIGKILL');
    throw error;
  });
  return {
    url,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    grpcUrl: `http://127.0.0.1:${grpcPort}`,
    port,
    adminPort,
    grpcPort,
    dataDir,
    pid: child.pid ?? 0,
    stop,
  };
}

/** The binary sits beside the package of this platform; `.bin/sqld` is another thing. */
export function sqldBinary(): string {
  const require = createRequire(import.meta.url);
  const base = createRequire(require.resolve('sqld/package.json'));
  const name = `@sqld/${process.platform}-${process.arch}/package.json`;
  return join(dirname(base.resolve(name)), 'sqld');
}

function collectOutput(child: ChildProcess): () => string {
  let output = '';
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4_000);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  return () => output;
}

async function whenReady(url: string, child: ChildProcess, output: () => string): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`sqld ended before it was ready:\n${output()}`);
    if (performance.now() > deadline) throw new Error(`sqld is not ready:\n${output()}`);
    const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
