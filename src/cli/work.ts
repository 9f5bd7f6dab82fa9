import { Worker, type WorkerOptions } from '../client/index.js';
import { createLog, HoldfastError, type Log, parseDuration } from '../core/index.js';
import { loadWorkTasks, type WorkSources, type WorkTasks } from './work-tasks.js';
import { type WorkerLine, workerLine } from './worker-line.js';

/** What `holdfast work` is told. */
export interface WorkArguments extends WorkSources {
  readonly url?: string;
  readonly key?: string;
  /** One name, or several with commas between. */
  readonly queue: string;
  readonly name?: string;
  readonly concurrency?: string;
  readonly lease?: string;
  readonly drain?: string;
}

const STOP_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Pulls promises of queues and keeps them with the handlers of a file, and with the suites
 * and commands of this machine that are allowed, until a signal stops it: what runs may
 * end, the rest is handed back.
 */
export async function runWork(
  given: WorkArguments,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const client = {
    url: required('--url, or HOLDFAST_URL', given.url ?? env.HOLDFAST_URL),
    key: required('--key, or HOLDFAST_API_KEY', given.key ?? env.HOLDFAST_API_KEY),
  };
  const queues = given.queue.split(',').map((name) => name.trim());
  const work = await loadWorkTasks(given, process.cwd(), env);
  const line = process.stdout.isTTY === true ? workerLine(queues) : undefined;
  const log: Log = createLog('info', (text) =>
    line === undefined ? console.log(text) : line.tell(text),
  );
  const worker = new Worker({
    client,
    queue: queues,
    handlers: work.tasks,
    places: work.places,
    ...numbersOf(given),
    log,
    onChange: (status) => line?.show(status),
    onRefused: (error) => {
      line?.end();
      console.error(`holdfast: the server refuses: ${error.message}`);
      void work.close().then(() => process.exit(1));
    },
  });
  worker.start();
  line?.show(worker.status);
  log.info('working', { queues, types: work.tasks.map(({ type }) => type) });
  stopOnSignal(worker, work, line, log);
}

function stopOnSignal(
  worker: Worker,
  work: WorkTasks,
  line: WorkerLine | undefined,
  log: Log,
): void {
  let isStopping = false;
  const stop = async () => {
    log.info('stopping');
    await worker.stop();
    await work.close();
    line?.end();
    const { runs: _, ...counts } = worker.status;
    log.info('stopped', counts);
    // A handler that was left behind must not keep the process.
    process.exit(0);
  };
  for (const [signal, number] of Object.entries(STOP_SIGNALS)) {
    process.on(signal, () => {
      // Whoever asks a second time does not want to wait: the server recovers what still runs.
      if (isStopping) process.exit(128 + number);
      isStopping = true;
      void stop();
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
