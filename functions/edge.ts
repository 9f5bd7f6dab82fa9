import { systemClock, waitAtMost } from '../src/core/index.js';
import { CALLBACK, NOTIFY } from '../src/promises/index.js';
import { TICK_BUDGETS, tick } from '../src/tasks/index.js';
import { createApp } from './app.js';
import { type HoldfastConfig, parseConfig } from './config.js';
import { type Counters, newCounters } from './counters.js';
import { migrateDatabases } from './databases.js';
import { readSettings } from './env.js';
import { problemAnswer } from './http/errors.js';
import { NEEDS_NO_DATABASE } from './http/schema-gate.js';
import { consoleLog, createServices, type Limits, limitsOf, type Services } from './services.js';

/** What an invocation of a Worker brings, as far as we use it. */
export interface Invocation {
  waitUntil(work: Promise<unknown>): void;
}

/** How long a request waits for the schema to be brought up to date before it goes on all the same. */
const MIGRATION_MS_MAX = 10_000;

type WorkerEnv = Readonly<Record<string, unknown>>;

/** A Worker: export it as default. */
export interface Edge {
  fetch(request: Request, env: WorkerEnv, invocation: Invocation): Promise<Response>;
  scheduled(event: unknown, env: WorkerEnv, invocation: Invocation): Promise<void>;
}

/**
 * The service as a Worker. A database client belongs to one invocation, so each
 * makes services of its own; nothing is kept between them but that the schema is
 * up to date, and how often keys were used.
 * @throws InputInvalidError when the configuration is not valid
 */
export function createEdge(configuration: HoldfastConfig): Edge {
  const config = parseConfig(configuration);
  const app = createApp();
  let isMigrated = false;
  let limits: Limits | undefined;
  let counters: Counters | undefined;

  async function open(env: WorkerEnv, onMade: Services['onMade']): Promise<Services> {
    const settings = readSettings(env, 'worker', config.settings);
    const log = consoleLog(settings.HOLDFAST_LOG_LEVEL);
    limits ??= limitsOf(settings, 'worker');
    counters ??= newCounters(log);
    return createServices({
      settings,
      apiKey: settings.HOLDFAST_API_KEY ?? '',
      tasks: config.tasks,
      archive: config.archive,
      onMessage: config.onMessage,
      edge: 'worker',
      log,
      stopping: new AbortController().signal,
      onMade,
      limits,
      counters,
    });
  }

  /**
   * Not shared between invocations: one that waited for another's I/O would hang
   * when that is gone. A database that is away must not keep the health report.
   */
  async function migrateOnce(services: Services): Promise<void> {
    if (isMigrated) return;
    const migration = migrateDatabases(services)
      .then(() => {
        isMigrated = true;
      })
      .catch((error: unknown) => services.log.error('migration-failed', { error }));
    await waitAtMost(migration, MIGRATION_MS_MAX);
  }

  return {
    async fetch(request, env, invocation) {
      let services: Services | undefined;
      const work: Promise<unknown>[] = [];
      let hasChanged = false;
      const onMade: Services['onMade'] = (made) => {
        if (services === undefined || work.length > 0 || !isWork(made, services)) return;
        work.push(keep(services));
      };
      try {
        services = await open(env, onMade);
        services.store.onChange(() => {
          hasChanged = true;
        });
        if (!NEEDS_NO_DATABASE.has(new URL(request.url).pathname)) await migrateOnce(services);
        return await app.fetch(request, services);
      } catch (error) {
        const { status, headers, body } = problemAnswer(error, services?.log ?? consoleLog('info'));
        return new Response(body, { status, headers });
      } finally {
        if (services !== undefined) {
          if (hasChanged && work.length === 0) work.push(tellIfDue(services));
          invocation.waitUntil(closeAfter(services, work));
        }
      }
    },
    async scheduled(_event, env, _invocation) {
      const services = await open(env, () => {});
      try {
        await migrateOnce(services);
        const executor = services.createExecutor();
        await tick({ ...services, executor }, TICK_BUDGETS.cron);
      } finally {
        await services.close();
      }
    },
  };
}

/** What is due about now and of a type that this service keeps: what a tick after the answer can do. */
function isWork(made: Parameters<Services['onMade']>[0], { registry }: Services): boolean {
  const dueBefore = systemClock.now() + TICK_BUDGETS.request.claimMs;
  return made.some(({ type, runAt }) => runAt < dueBefore && registry.get(type) !== undefined);
}

/** Keeps what is due, after the answer. What it has no time for is the cron's. */
async function keep(services: Services): Promise<void> {
  try {
    const executor = services.createExecutor();
    await tick({ ...services, executor }, TICK_BUDGETS.request);
  } catch (error) {
    services.log.error('tick-failed', { error });
  }
}

/** What was settled may have to be told. */
async function tellIfDue(services: Services): Promise<void> {
  try {
    const dueInMs = await services.store.nextWakeInMs([CALLBACK.type, NOTIFY.type]);
    if (dueInMs !== null && dueInMs <= 0) await keep(services);
  } catch (error) {
    services.log.error('tick-failed', { error });
  }
}

async function closeAfter(services: Services, work: readonly Promise<unknown>[]): Promise<void> {
  await Promise.all(work);
  await services.history.keepIfDue();
  await services.close();
}
