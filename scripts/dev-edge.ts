/**
 * The edge on one machine: a libsql-server for each database, the Worker in
 * `wrangler dev`, and its cron fired every minute (locally it never fires by
 * itself) unless `--no-cron` is given. Ends with SIGINT or SIGTERM, and its
 * children with it. Takes the directory to keep everything in; `data` unless given.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Cron } from 'croner';
import { migrateDatabases, openDatabases } from '../functions/databases.js';
import { readSettings } from '../functions/env.js';
import { localKey } from '../functions/local-key.js';
import { silentLog, systemClock } from '../src/core/index.js';
import { type Sqld, startSqld } from '../test/support/sqld.js';

const HOST = '127.0.0.1';
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'no-cron': { type: 'boolean', default: false } },
});
const PORT = process.env.PORT ?? '8787';
/** Where the databases and the key for local use are kept. */
const DATA = positionals[0] ?? 'data';
const URL_OF_WORKER = `http://${HOST}:${PORT}`;
const CRON_PATH = '/cdn-cgi/handler/scheduled?cron=*+*+*+*+*';
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 10_000;

const servers: Sqld[] = [];
let wrangler: ChildProcess | undefined;
let isStopping = false;

process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));

try {
  await start();
} catch (error) {
  console.error(error);
  await stop(1);
}

async function start(): Promise<void> {
  const key = process.env.HOLDFAST_API_KEY ?? (await localKey(DATA));
  for (const name of ['queue', 'system']) {
    const dataDir = join(DATA, 'edge', name);
    mkdirSync(dataDir, { recursive: true });
    servers.push(await startSqld({ dataDir }));
  }
  const [queue, system] = servers;
  const settings = {
    HOLDFAST_ALLOW_HOSTS: '127.0.0.1,::1,localhost',
    ...ownSettings(),
    HOLDFAST_API_KEY: key,
    QUEUE_DATABASE_URL: queue?.url ?? '',
    QUEUE_DATABASE_ADMIN_URL: queue?.adminUrl ?? '',
    SYSTEM_DATABASE_URL: system?.url ?? '',
    SYSTEM_DATABASE_ADMIN_URL: system?.adminUrl ?? '',
  };
  await migrate(settings);
  wrangler = startWrangler(settings);
  await whenReady(wrangler);
  if (!values['no-cron']) new Cron('* * * * *', { protect: true }, fireCron);
  console.log(greeting(key));
}

/** The settings of this shell, for the Worker as well. */
function ownSettings(): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => name.startsWith('HOLDFAST_'));
  return Object.fromEntries(own) as Record<string, string>;
}

async function migrate(settings: Record<string, string>): Promise<void> {
  const databases = await openDatabases(readSettings(settings, 'worker'), silentLog);
  await migrateDatabases(databases);
  await Promise.all([databases.queue.close(), databases.system.close()]);
}

/** In a process group of its own, so that the runtime it starts ends with it. */
function startWrangler(settings: Record<string, string>): ChildProcess {
  const varsPath = join(DATA, 'edge', 'worker.vars');
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  writeFileSync(varsPath, `${lines.join('\n')}\n`, { mode: 0o600 });
  const binary = createRequire(import.meta.url).resolve('wrangler/bin/wrangler.js');
  const files = [
    ...(existsSync('.dev.vars') ? ['--env-file', '.dev.vars'] : []),
    '--env-file',
    varsPath,
  ];
  const place = ['--ip', HOST, '--port', PORT, '--show-interactive-dev-session=false'];
  const args = [binary, 'dev', '--config', 'wrangler.toml', ...place, ...files];
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false' };
  const child = spawn(process.execPath, args, {
    detached: true,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  child.once('exit', (code) => {
    if (!isStopping) console.error(`wrangler dev ended with ${code}`);
    void stop(1);
  });
  return child;
}

async function whenReady(child: ChildProcess): Promise<void> {
  const endsAt = systemClock.monotonic() + READY_MS_MAX;
  while (systemClock.monotonic() < endsAt && child.exitCode === null) {
    const answer = await fetch(`${URL_OF_WORKER}/readyz`).catch(() => undefined);
    if (answer?.ok === true) return;
    await systemClock.sleep(100);
  }
  throw new Error(`the Worker is not ready at ${URL_OF_WORKER}`);
}

async function fireCron(): Promise<void> {
  const answer = await fetch(`${URL_OF_WORKER}${CRON_PATH}`).catch((error: unknown) => error);
  if (!(answer instanceof Response && answer.ok)) console.error('the cron was not taken:', answer);
}

function greeting(key: string): string {
  return [
    `Holdfast on the edge is at ${URL_OF_WORKER}`,
    `Databases: ${servers.map(({ url }) => url).join(' and ')}, kept in ${join(DATA, 'edge')}`,
    `API key, for local use: ${key}`,
    'Try:',
    `  curl -s ${URL_OF_WORKER}/v1/promises -H "Authorization: Bearer ${key}" \\`,
    `    -H 'Content-Type: application/json' -d '{"type":"echo","payload":"hello"}'`,
    `${values['no-cron'] ? '' : 'The cron fires every minute. '}To fire it now:`,
    `  curl -s "${URL_OF_WORKER}${CRON_PATH}"`,
  ].join('\n');
}

async function stop(code: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await endWrangler();
  await Promise.all(servers.map((server) => server.stop()));
  process.exit(code);
}

async function endWrangler(): Promise<void> {
  const pid = wrangler?.pid;
  if (wrangler === undefined || pid === undefined || wrangler.exitCode !== null) return;
  const gone = once(wrangler, 'exit');
  process.kill(-pid, 'SIGTERM');
  const ended = new AbortController();
  await Promise.race([
    gone.then(() => ended.abort()),
    systemClock.sleep(STOP_MS_MAX, ended.signal),
  ]);
  if (!ended.signal.aborted) process.kill(-pid, 'SIGKILL');
}
