import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Handlers, Worker, type WorkerOptions } from '../client/index.js';
import { createLog, HoldfastError, type Log, messageOf, parseDuration } from '../core/index.js';
import { workerLine } from './worker-line.js';

/** What `holdfast work` is told. */
export interface WorkArguments {
  readonly url?: string;
  readonly key?: string;
  readonly queue: string;
  readonly handlers: string;
  readonly name?: string;
  readonly concurrency?: string;
  readonly lease?: string;
  readonly drain?: string;
}

const STOP_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Pulls promises of a queue and keeps them with the handlers of a file, until a signal
 * stops it: what runs may end, the rest is handed back.
 */
export async function runWork(
  given: WorkArguments,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const { queue } = given;
  const line = process.stdout.isTTY === true ? workerLine(queue) : undefined;
  const log: Log = createLog('info', (text) =>
    line === undefined ? console.log(text) : line.tell(text),
  );
  const worker = new Worker({
    client: {
      url: required('--url, or HOLDFAST_URL', given.url ?? env.HOLDFAST_URL),
      key: required('--key, or HOLDFAST_API_KEY', given.key ?? env.HOLDFAST_API_KEY),
    },
    queue,
    handlers: await loadHandlers(given.handlers),
    ...numbersOf(given),
    log,
    onChange: (status) => line?.show(status),
    onRefused: (error) => {
      line?.end();
      console.error(`holdfast: the server refuses: ${error.message}`);
      process.exit(1);
    },
  });
  worker.start();
  log.info('working', { queue, handlers: given.handlers });
  let isStopping = false;
  for (const [signal, number] of Object.entries(STOP_SIGNALS)) {
    process.on(signal, () => {
      // Whoever asks a second time does not want to wait: the server recovers what still runs.
      if (isStopping) process.exit(128 + number);
      isStopping = true;
      log.info('stopping');
      void worker.stop().then(() => {
        line?.end();
        log.info('stopped', { ...worker.status });
        // A handler that was left behind must not keep the process.
        process.exit(0);
      });
    });
  }
}

function required(name: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value;
  throw new HoldfastError('setting-invalid', `${name}: must be given`);
}

function numbersOf({ name, concurrency, lease, drain }: WorkArguments): Partial<WorkerOptions> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(concurrency === undefined ? {} : { concurrency: Number(concurrency) }),
    ...(lease === undefined ? {} : { leaseMs: durationOf('--lease', lease) }),
    ...(drain === undefined ? {} : { drainMs: durationOf('--drain', drain) }),
  };
}

function durationOf(name: string, text: string): number {
  const ms = parseDuration(/^\d+$/.test(text) ? Number(text) : text);
  if (ms !== undefined) return ms;
  const rule = 'must be milliseconds or a duration such as "30s" or "5m"';
  throw new HoldfastError('setting-invalid', `${name}: ${rule} (received ${JSON.stringify(text)})`);
}

/**
 * What a file has to keep promises with: its default export, a list of tasks, a
 * configuration with tasks, or functions by type; or else the tasks that it exports.
 */
async function loadHandlers(path: string): Promise<Handlers> {
  const absolute = resolve(path);
  if (!existsSync(absolute)) throw fault(path, 'there is no such file');
  const module = await import(pathToFileURL(absolute).href).catch((cause: unknown) => {
    throw fault(path, `it cannot be loaded: ${messageOf(cause)}`);
  });
  const { default: main, ...named } = module as Record<string, unknown>;
  if (Array.isArray(main)) return main as Handlers;
  if (typeof main === 'object' && main !== null) {
    const { tasks } = main as { readonly tasks?: unknown };
    if (Array.isArray(tasks)) return tasks as Handlers;
    return (isTask(main) ? [main] : main) as Handlers;
  }
  const tasks = Object.values(named).filter(isTask);
  if (tasks.length > 0) return tasks as unknown as Handlers;
  throw fault(path, 'it exports no tasks: export default [task, …]');
}

function isTask(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'type' in value && 'run' in value;
}

function fault(path: string, message: string): HoldfastError {
  return new HoldfastError('setting-invalid', `--handlers ${path}: ${message}`);
}
