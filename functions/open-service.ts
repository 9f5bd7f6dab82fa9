import type { z } from 'zod';
import { EDGE, environmentOf, makeDataDirectories } from '#functions/platform';
import { HoldfastError, type Json, newId, parseInput } from '../src/core/index.js';
import {
  type CancelOutcome,
  type Enqueued,
  type Explained,
  type NewScheduleInput,
  newSchedule,
  outboxStatements,
  type PromiseRecord,
  type PromiseStatements,
  type PromiseStore,
  type RecoveryPage,
  recoveryPage,
  type Schedule,
  type Schedules,
  statementsOf,
  type Transfer,
  withId,
} from '../src/promises/index.js';
import {
  bindTasks,
  type EnqueueOptions,
  explain,
  type FinishedRun,
  type ServiceListener,
  type TelemetryReport,
  TICK_BUDGETS,
  type TickReport,
  type Typed,
  tick,
} from '../src/tasks/index.js';
import { type Config, type HoldfastConfig, parseConfig } from './config.js';
import { migrateDatabases } from './databases.js';
import { readSettings } from './env.js';
import { consoleLog, createServices, type Services } from './services.js';
import { startWork, type Work } from './work.js';

/** Makes something of a promise, given by its task or by the name of its type. */
export interface OfPromise<R, O = EnqueueOptions> {
  <I extends z.ZodType>(task: Typed<I>, input: z.input<I>, options?: O): R;
  (type: string, payload: Json, options?: O): R;
}

export interface OpenOptions {
  /**
   * True: promises are kept in the call that makes them, as far as they are due. For tests
   * and small scripts. Default false; each call may say otherwise.
   */
  readonly inline?: boolean;
}

export type MakeOptions = EnqueueOptions & OpenOptions;

/**
 * A service without HTTP, for a program of one's own: on Node one a process, on Workers
 * one an invocation.
 */
export class Service {
  readonly #services: Services;
  readonly #stopping: AbortController;
  readonly #onClose: () => void;
  readonly #isInline: boolean;
  /** Promises that are being kept in the calls that made them. */
  readonly #keeping = new Set<Promise<PromiseRecord>>();
  #work: Work | undefined;

  constructor(
    services: Services,
    stopping: AbortController,
    onClose: () => void,
    { inline = false }: OpenOptions = {},
  ) {
    this.#onClose = onClose;
    this.#isInline = inline;
    this.#services = services;
    this.#stopping = stopping;
  }

  /** The durable promises themselves. */
  get store(): PromiseStore {
    return this.#services.store;
  }

  /**
   * Makes a promise; resolves when it is durable. Concurrent calls share one write. With
   * `inline` it is kept first, as far as it is due: what cannot go on at once stays pending.
   * @throws InputInvalidError naming the field; what the task's `admit` throws
   */
  readonly enqueue: OfPromise<Promise<Enqueued>, MakeOptions> = async (
    task: string | Typed<z.ZodType>,
    payload: unknown,
    { inline = this.#isInline, ...options }: MakeOptions = {},
  ) => {
    const made = await this.#services.intake.enqueue(typeOf(task), payload, options);
    if (!inline || made.deduplicated) return made;
    const keeping = this.#services.keepNow(made.promise.id);
    this.#keeping.add(keeping);
    try {
      return { ...made, promise: await keeping };
    } finally {
      this.#keeping.delete(keeping);
    }
  };

  get(id: string): Promise<PromiseRecord | undefined> {
    return this.store.get(id);
  }

  /** Cancels a promise, also while it runs. */
  cancel(id: string, reason?: string): Promise<CancelOutcome> {
    return this.store.cancel(id, reason);
  }

  /**
   * The statements that make a promise, for a `batch()` of one's own on the `queue`
   * database: it commits with the rows beside it, or not at all (docs/outbox.md).
   * @throws InputInvalidError naming the field
   */
  readonly promiseStatements: OfPromise<Promise<PromiseStatements>> = async (
    task: string | Typed<z.ZodType>,
    payload: unknown,
    options?: EnqueueOptions,
  ) => {
    const promise = this.#services.intake.parse(typeOf(task), payload, options);
    return statementsOf(withId(promise, newId()), this.#services.vault);
  };

  /**
   * The statements that put a promise into the outbox of the application's own database.
   * @throws InputInvalidError naming the field
   */
  readonly outboxStatements: OfPromise<PromiseStatements> = (
    task: string | Typed<z.ZodType>,
    payload: unknown,
    options?: EnqueueOptions,
  ) => {
    const type = typeOf(task);
    this.#services.intake.parse(type, payload, options);
    return outboxStatements({ ...options, type, payload: payload as Json });
  };

  /** Everything that the `queue` database keeps, as lines of NDJSON, and back. */
  get transfer(): Transfer {
    return this.#services.transfer;
  }

  /** Why a promise is not running; undefined when there is none. */
  explain(id: string): Promise<Explained | undefined> {
    return explain(this.#services, id);
  }

  /**
   * Makes a schedule, as `POST /v1/schedules` does.
   * @throws InputInvalidError naming the field; what the task's `admit` throws; HoldfastError
   *   `schedule-exists`
   */
  async schedule(input: NewScheduleInput): Promise<Schedule> {
    const { intake, schedules } = this.#services;
    const schedule = parseInput(newSchedule, input);
    intake.check(schedule.promise);
    return schedules.create(schedule);
  }

  /** The schedules: looked at, changed, paused, triggered, backfilled. */
  get schedules(): Schedules {
    return this.#services.schedules;
  }

  /**
   * Runs a maintenance task now, or joins the run under way; resolves with the finished run.
   * @throws HoldfastError `not-found` for an unknown name, with the known ones
   */
  maintain(task: string): Promise<FinishedRun> {
    return this.#services.maintenance.runNow(task, { signal: this.#stopping.signal });
  }

  /** What recovery found and decided about each promise, newest first. */
  recoveries(page: { readonly limit: number; readonly cursor?: string }): Promise<RecoveryPage> {
    return recoveryPage(this.#services.queue, page);
  }

  /** Says that promises were made past the service: those who wait look again at once. */
  wake(): void {
    this.store.notify();
  }

  /** What this process has done, and what the queue holds, in numbers. Always answers, within two seconds. */
  telemetry(): Promise<TelemetryReport> {
    return this.#services.telemetry.report();
  }

  /** Calls `listener` with what happens in this process; returns how to stop. */
  listen(listener: ServiceListener): () => void {
    return this.#services.telemetry.listen(listener);
  }

  /** Keeps promises, fires schedules and does maintenance from now on. Node only. */
  start(): void {
    this.#work ??= startWork(this.#services, this.#stopping.signal);
  }

  /** One bounded round: what a cron trigger calls where nothing runs all the time. */
  tick(): Promise<TickReport> {
    const { schedules, maintenance, outbox, history, log } = this.#services;
    const executor = this.#services.createExecutor();
    const signal = this.#stopping.signal;
    const parts = { schedules, maintenance, outbox, history, log, executor, signal };
    return tick(parts, TICK_BUDGETS.cron);
  }

  /** Stops what `start` began: lets what runs end, hands back the rest. Closes the databases. */
  async close(): Promise<void> {
    this.#onClose();
    this.#stopping.abort();
    await this.#work?.stop();
    await Promise.allSettled([...this.#keeping]);
    await this.#services.close();
  }
}

/**
 * Opens services of one configuration, and remembers which is open.
 * @throws InputInvalidError when the configuration is not valid
 */
export function createOpener(configuration: HoldfastConfig) {
  const config = parseConfig(configuration);
  let current: Service | undefined;
  const open = async (
    env?: Readonly<Record<string, unknown>>,
    options: OpenOptions = {},
  ): Promise<Service> => {
    let unbind = () => {};
    const onClose = () => {
      unbind();
      if (current === service) current = undefined;
    };
    const service = await openService(config, env, onClose, options);
    if (EDGE === 'node') {
      unbind = bindTasks(config.tasks, (type, payload, more) =>
        service.enqueue(type, payload as Json, more),
      );
    }
    // On Workers a service is one invocation's: no other may use it.
    if (EDGE === 'node') current = service;
    return service;
  };
  const enqueue: Service['enqueue'] = async (
    task: string | Typed<z.ZodType>,
    payload: unknown,
    options?: MakeOptions,
  ) => {
    if (current !== undefined) return current.enqueue(typeOf(task), payload as Json, options);
    throw new HoldfastError(
      'service-not-open',
      'no service is open in this process; open one with open(), on Workers use enqueue of the service opened for the request',
    );
  };
  return { open, enqueue };
}

/**
 * Opens the databases, migrated, and what works on them.
 * @param env default the process's environment; on Workers that of the request
 * @throws HoldfastError `setting-invalid`, `data-directory-unusable`, or `database-…`
 */
async function openService(
  config: Config,
  env: Readonly<Record<string, unknown>> = environmentOf(),
  onClose: () => void = () => {},
  options: OpenOptions = {},
): Promise<Service> {
  const settings = readSettings(env, EDGE, config.settings);
  await makeDataDirectories(settings);
  const stopping = new AbortController();
  const services = await createServices({
    settings,
    apiKey: settings.HOLDFAST_API_KEY ?? '',
    tasks: config.tasks,
    archive: config.archive,
    onMessage: config.onMessage,
    edge: EDGE,
    log: consoleLog(settings.HOLDFAST_LOG_LEVEL),
    stopping: stopping.signal,
  });
  try {
    await migrateDatabases(services);
    return new Service(services, stopping, onClose, options);
  } catch (error) {
    await services.close();
    throw error;
  }
}

function typeOf(task: string | Typed<z.ZodType>): string {
  return typeof task === 'string' ? task : task.type;
}
