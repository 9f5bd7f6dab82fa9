import type { HoldfastConfig } from '../functions/config.js';
import { createEdge, type Edge } from '../functions/edge.js';
import { createOpener, type OpenOptions, type Service } from '../functions/open-service.js';
import type { AnyTask } from './tasks/index.js';

export type { HoldfastConfig } from '../functions/config.js';
export type { Edge } from '../functions/edge.js';
export type { MakeOptions, OpenOptions, Service } from '../functions/open-service.js';
export { ERROR_CODES, type ErrorCode, HoldfastError, type Json } from './core/index.js';
export {
  type Archive,
  type ArchivedPromise,
  type Enqueued,
  type Explained,
  type NewScheduleInput,
  outboxMigrations,
  outboxStatements,
  type Parent,
  type PromiseRecord,
  type PromiseStatements,
  promiseStatements,
  type Recovery,
  relayOutbox,
  type Schedule,
  type Schedules,
  type Transfer,
} from './promises/index.js';
export type { Message } from './records/index.js';
export {
  type BatchItem,
  type BatchTask,
  cancel,
  continueWith,
  defineBatchTask,
  defineTask,
  type EnqueueOptions,
  type ItemOutcome,
  type MessageHandler,
  type Protection,
  type ServiceEvent,
  type ServiceListener,
  snooze,
  type Talk,
  type Task,
  type TaskContext,
  type TelemetryReport,
  type Verdict,
} from './tasks/index.js';

/** The configuration of a service: what `holdfast.config.ts` exports as default. */
export function defineConfig<T extends readonly AnyTask[]>(
  config: HoldfastConfig & { readonly tasks?: T },
): HoldfastConfig {
  return config;
}

/** A service: a Worker to export as default, and a way to work with it without HTTP. */
export interface Holdfast extends Edge {
  /**
   * Opens the databases, migrated: on Node once a process, on Workers once an invocation
   * with its environment. `close` it at the end.
   * @param env default the process's environment
   * @param options `inline`: promises are kept in the calls that make them
   * @throws HoldfastError `setting-invalid`, `data-directory-unusable`, or `database-…`
   */
  open(env?: Readonly<Record<string, unknown>>, options?: OpenOptions): Promise<Service>;
  /**
   * Makes a promise in the service that is open in this process. Node only.
   * @throws HoldfastError `service-not-open`; what `enqueue` of the service throws
   */
  enqueue: Service['enqueue'];
}

/**
 * Builds the service into a Worker of one's own: `fetch` answers the API,
 * `scheduled` is one tick and belongs to a cron trigger `* * * * *`. Settings
 * come from the Worker's environment. Or into a program on Node: see `open`.
 * @throws InputInvalidError naming what is wrong in `config`
 */
export function createHoldfast(config: HoldfastConfig = {}): Holdfast {
  return { ...createEdge(config), ...createOpener(config) };
}
