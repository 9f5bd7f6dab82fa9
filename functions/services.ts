import { sha256 } from '#functions/platform';
import { createLog, type Log, type LogLevel, newId } from '../src/core/index.js';
import type { Database } from '../src/db/index.js';
import { createModel, createOutbound, type Model, type Outbound } from '../src/outbound/index.js';
import {
  Answers,
  type Archive,
  EventLog,
  type PromiseRecord,
  PromiseStore,
  Schedules,
  Sends,
  Subscriptions,
  Transfer,
} from '../src/promises/index.js';
import {
  ApiKeys,
  AuditLog,
  Insights,
  MaintenanceRuns,
  Messages,
  TelemetryHistory,
} from '../src/records/index.js';
import {
  AesVault,
  type AnyTask,
  bindTasks,
  Executor,
  exportMetrics,
  type HealthReporter,
  HistoryKeeper,
  Inbox,
  Intake,
  keepNow,
  type Maintenance,
  type Maker,
  type MessageHandler,
  OutboxRelay,
  ServiceTelemetry,
  TaskRegistry,
} from '../src/tasks/index.js';
import { builtInTasks } from './built-in-tasks.js';
import { type Channels, createChannels } from './channels.js';
import { type Counters, newCounters } from './counters.js';
import { Sessions } from './dashboard/session.js';
import { type Databases, openDatabases, openOutbox } from './databases.js';
import { allowedHosts, type Settings } from './env.js';
import { Keyring } from './http/access.js';
import { Cursors } from './http/cursors.js';
import { EventPlaces } from './http/event-places.js';
import { Bell, silentBell, type Waiting } from './http/long-poll.js';
import { RateLimits } from './http/rate-limits.js';
import { StreamLimits } from './http/stream-limits.js';
import { upkeepOf } from './upkeep.js';

/** On the edge each look is a subrequest, of which an invocation has 50 at least. */
const EDGE_LOOKS_MAX = 20;
/** On the edge a stream ends after its looks: after about 35 s. */
const EDGE_STREAM_MS = 60_000;
/** How long a process goes on with a key that was good: what a revocation elsewhere takes at most. */
const KEY_FRESH_MS = 5_000;

/** What the HTTP side and the entries work with. */
export interface Services {
  readonly settings: Settings;
  readonly log: Log;
  readonly keyring: Keyring;
  readonly cursors: Cursors;
  readonly eventPlaces: EventPlaces;
  readonly keys: ApiKeys;
  readonly audit: AuditLog;
  readonly answers: Answers;
  readonly rateLimits: RateLimits;
  readonly streamLimits: StreamLimits;
  readonly sessions: Sessions;
  readonly queue: Database;
  readonly system: Database;
  readonly store: PromiseStore;
  readonly events: EventLog;
  readonly subscriptions: Subscriptions;
  /** Why a URL may not be called, as far as it shows without resolving its name. */
  readonly refuseUrl: (url: string) => string | undefined;
  readonly schedules: Schedules;
  /** Export and import of all that `queue` keeps, whose ever it is. */
  readonly transfer: Transfer;
  /** Messages that came in. */
  readonly messages: Messages;
  readonly insights: Insights;
  readonly inbox: Inbox;
  readonly telegram: Channels['telegram'];
  readonly intake: Intake;
  readonly vault: AesVault;
  /** Undefined when no outbox is set. */
  readonly outbox: OutboxRelay | undefined;
  readonly registry: TaskRegistry;
  readonly runs: MaintenanceRuns;
  readonly maintenance: Maintenance;
  readonly health: HealthReporter;
  readonly telemetry: ServiceTelemetry;
  readonly telemetryHistory: TelemetryHistory;
  /** Notes what this process did. */
  readonly history: HistoryKeeper;
  readonly waiting: Waiting;
  /** False while a server waits for its queue database, to bring it up to date. */
  readonly isSchemaUpToDate: () => boolean;
  /** Aborted when the service stops: ends waiting. */
  readonly stopping: AbortSignal;
  /** Told of promises that were made or put back: the edge starts a tick for those that are due. */
  readonly onMade: (promises: readonly Pick<PromiseRecord, 'type' | 'runAt'>[]) => void;
  /** Does what nobody need wait for; what fails is logged. */
  readonly later: (work: () => Promise<unknown>) => void;
  /** Keeps one promise here and now, as far as it is due. */
  readonly keepNow: (id: string) => Promise<PromiseRecord>;
  /** A new executor of this service's tasks. */
  readonly createExecutor: () => Executor;
  readonly close: () => Promise<void>;
}

export interface ServicesOptions {
  readonly settings: Settings;
  /** The key that opens everything: set, or made for local use. */
  readonly apiKey: string;
  readonly tasks: readonly AnyTask[];
  readonly edge: 'node' | 'worker';
  readonly log: Log;
  readonly stopping: AbortSignal;
  readonly onMade?: Services['onMade'];
  /** Default: whoever has services has brought the databases up to date. */
  readonly isSchemaUpToDate?: Services['isSchemaUpToDate'];
  readonly archive?: Archive | undefined;
  readonly onMessage?: MessageHandler | undefined;
  /** What several services of one isolate count together. Default their own. */
  readonly limits?: Limits;
  readonly counters?: Counters;
}

/**
 * The one place where things are constructed. Opens the databases.
 * @throws HoldfastError `setting-invalid`, or `database-…` when a file cannot be opened
 */
export async function createServices(options: ServicesOptions): Promise<Services> {
  const { settings, apiKey, edge, log, stopping } = options;
  const outbound = createOutbound({ allowHosts: allowedHosts(settings) });
  const refuseUrl = (url: string) => outbound.refuse(url);
  const channels = createChannels(settings, outbound);
  const builtIn = builtInTasks({
    settings,
    outbound,
    channels,
    model: modelOf(settings),
    onMessage: options.onMessage,
    stores: () => ({ queue, system, store, vault, ...ledgers }),
    registry: () => registry,
  });
  const tasks = [...builtIn, ...options.tasks];
  const registry: TaskRegistry = new TaskRegistry(tasks, refuseUrl, channels.refuse);
  const vault = new AesVault(settings.HOLDFAST_ENCRYPTION_KEYS ?? [], registry);
  const counters = options.counters ?? newCounters(log);
  const { queue, system } = await openDatabases(settings, log, counters);
  const store = new PromiseStore(queue, {
    vault,
    archive: options.archive,
    telemetry: counters.promises,
    deadlineMs: settings.HOLDFAST_BUSY_DEADLINE,
  });
  const ledgers = ledgersOf({ queue, system }, vault);
  const inbox = new Inbox({ messages: ledgers.messages, store, log });
  const application = await openOutbox(settings, log).catch(async (error: unknown) => {
    await closeAll([queue, system]);
    throw error;
  });
  const intake = new Intake(registry, store);
  // On Workers a service is one invocation's: no other may make promises through it.
  const unbind = edge === 'node' ? bindTasks(options.tasks, makerOf(intake)) : () => {};
  const { health, maintenance } = upkeepOf(options, { queue, system, store, inbox });
  const { keys } = ledgers;
  const { later, done } = backgroundOf(log);
  const told = telemetryOf({ queue, system }, store, counters, options);
  return {
    ...ledgers,
    settings,
    log,
    cursors: new Cursors(apiKey),
    eventPlaces: new EventPlaces(apiKey),
    keyring: new Keyring(apiKey, { keys, later, freshMs: edge === 'node' ? KEY_FRESH_MS : 0 }),
    ...(options.limits ?? limitsOf(settings, edge)),
    later,
    sessions: new Sessions(apiKey),
    queue,
    system,
    store,
    refuseUrl,
    ...makersOf({ queue, store, vault }),
    inbox,
    telegram: channels.telegram,
    intake,
    vault,
    outbox: application && new OutboxRelay({ application, store, log }),
    registry,
    maintenance,
    health,
    ...told,
    waiting: waitingOf(edge, store),
    stopping,
    onMade: options.onMade ?? (() => {}),
    isSchemaUpToDate: options.isSchemaUpToDate ?? (() => true),
    keepNow: (id) => keepNow({ store, registry, signal: stopping, ...workerOf(options) }, id),
    createExecutor: () => new Executor({ store, registry, ...workerOf(options) }),
    close: async () => {
      unbind();
      await done();
      await maintenance.stop();
      await closeAll([outbound, channels, queue, system, ...(application ? [application] : [])]);
    },
  };
}

export type Limits = Pick<Services, 'rateLimits' | 'streamLimits'>;

/** What is counted of requests, for as long as a process or an isolate lives. */
export function limitsOf(settings: Settings, edge: ServicesOptions['edge']): Limits {
  const { HOLDFAST_STREAMS: inAll, HOLDFAST_STREAMS_PER_KEY: perKey } = settings;
  const bounds = { inAll, perKey, ...(edge === 'worker' && { lifetimeMs: EDGE_STREAM_MS }) };
  return {
    rateLimits: new RateLimits(settings.HOLDFAST_RATE_LIMIT ?? null),
    streamLimits: new StreamLimits(bounds),
  };
}

/** How this process works; each worker has a name of its own. */
function workerOf({ settings, edge, log }: ServicesOptions) {
  return {
    log,
    worker: `${edge}-${newId()}`,
    concurrency: settings.HOLDFAST_CONCURRENCY,
    leaseMs: settings.HOLDFAST_LEASE,
    drainMs: settings.HOLDFAST_DRAIN,
  };
}

function modelOf(settings: Settings): Model | undefined {
  const { MODEL_URL: url, MODEL_API_KEY: apiKey, MODEL_NAME: name } = settings;
  return name === undefined ? undefined : createModel({ url, apiKey, name });
}

/** What is kept beside the promises. */
function ledgersOf({ queue, system }: Databases, vault: AesVault) {
  return {
    answers: new Answers(queue),
    events: new EventLog(queue),
    subscriptions: new Subscriptions(queue, { vault }),
    sends: new Sends(queue),
    keys: new ApiKeys(system),
    audit: new AuditLog(system),
    messages: new Messages(system),
    insights: new Insights(system),
    runs: new MaintenanceRuns(system),
  };
}

/** What makes promises past the store. */
function makersOf({ queue, store, vault }: Pick<Services, 'queue' | 'store' | 'vault'>) {
  const onMade = () => store.notify();
  const onCancelled = (ids: readonly string[]) => store.tellLost(ids);
  return {
    schedules: new Schedules(queue, { vault, onMade, onCancelled }),
    transfer: new Transfer(queue, { digest: sha256, onImported: onMade }),
  };
}

function telemetryOf(
  { queue, system }: Databases,
  store: PromiseStore,
  counters: Counters,
  { edge, log, stopping }: ServicesOptions,
) {
  const telemetry = new ServiceTelemetry({ databases: [queue, system], store });
  const telemetryHistory = new TelemetryHistory(system);
  const { mark, queue: ofQueue, system: ofSystem } = counters;
  const recorders = { queue: ofQueue, system: ofSystem };
  const parts = { telemetry, history: telemetryHistory, mark, recorders, log };
  // On Workers a service is one invocation's, and nobody collects from it.
  if (edge === 'node') exportMetrics(telemetry, stopping);
  return { telemetry, telemetryHistory, history: new HistoryKeeper(parts) };
}

/** Work that `close` waits for, and nobody else. */
function backgroundOf(log: Log) {
  const underWay = new Set<Promise<void>>();
  const later: Services['later'] = (work) => {
    const done = work()
      .catch((error: unknown) => log.warn('background-failed', { error }))
      .then(() => void underWay.delete(done));
    underWay.add(done);
  };
  return { later, done: () => Promise.all(underWay) };
}

function makerOf(intake: Intake): Maker {
  return (type, payload, options) => intake.enqueue(type, payload, options);
}

export function consoleLog(level: LogLevel): Log {
  // biome-ignore lint/suspicious/noConsole: the one place where the log goes out
  return createLog(level, (line) => console.error(line));
}

function waitingOf(edge: ServicesOptions['edge'], store: PromiseStore): Waiting {
  if (edge === 'worker') return { bell: silentBell, looksMax: EDGE_LOOKS_MAX };
  const bell = new Bell();
  store.onChange(() => bell.ring());
  return { bell, looksMax: Number.POSITIVE_INFINITY };
}

async function closeAll(parts: readonly (Outbound | Channels | Database)[]): Promise<void> {
  for (const part of parts) await part.close();
}
