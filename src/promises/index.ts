export {
  Answers,
  type FoundTicket,
  idOf,
  type KeptAnswer,
  type MadeFacts,
  type Ticket,
  tokenOf,
} from './answers.js';
export { CALLBACK } from './callbacks-schema.js';
export type { CancelOutcome } from './cancel.js';
export { type ChangeOutcome, type PromiseChange, promiseChange } from './change.js';
export type { ClaimAsk } from './claim.js';
export type { Claim } from './claimed.js';
export { type Enqueue, type Enqueued, withId } from './enqueue.js';
export {
  type EventAsk,
  EventLog,
  type EventPage,
  type PromiseEvent,
} from './event-log.js';
export { EVENT_KINDS, type EventKind } from './events.js';
export { EXPLANATIONS, type Explained, type Explanation } from './explain.js';
export type { Parent } from './family.js';
export type { Heartbeat, HeartbeatOutcome } from './heartbeat.js';
export { CRASHES_MAX, LEASE_MS, LIMITS } from './limits.js';
export type { LineFigures } from './line-figures.js';
export type { LineCounts, QueueFigures } from './lines.js';
export { queueMigrations as promiseMigrations } from './migrations.js';
export { type Origin, origin, storedOrigin } from './origin.js';
export { NOTIFY } from './origins-schema.js';
export { outboxMigrations, outboxStatements, type RelayReport, relayOutbox } from './outbox.js';
export type { PromiseFilter, PromisePage } from './page.js';
export {
  type AttemptError,
  type Failure,
  instant,
  type NewPromise,
  type NewPromiseInput,
  name,
  newPromise,
  type Progress,
  type PromiseRecord,
} from './promise.js';
export { type PromiseStatements, promiseStatements, statementsOf } from './promise-statements.js';
export type { PruneReport } from './prune.js';
export { type Queue, type QueueSettings, Queues, queueSettings } from './queues.js';
export type { RecoveryReport } from './recover.js';
export type { WaitingReport } from './recover-waiting.js';
export {
  RECOVERY_DECISIONS,
  RECOVERY_REASONS,
  type Recovered,
  type Recovery,
  type RecoveryPage,
  recoveriesOf,
  recoveryPage,
} from './recoveries.js';
export type { Archive, ArchivedPromise } from './retention.js';
export type { Retried, RetryOutcome } from './retry.js';
export {
  type Backfill,
  type FireReport,
  MISSED_POLICIES,
  type NewSchedule,
  type NewScheduleInput,
  newSchedule,
  type Occurrence,
  type OccurrencePage,
  OVERLAP_POLICIES,
  type Schedule,
  type SchedulePage,
  type SchedulePatch,
  Schedules,
  type SchedulesOptions,
  ScopedSchedules,
  schedulePatch,
  upcomingSlots,
} from './schedules/index.js';
export { localName, type Scope, storedName, tenantName } from './scope.js';
export { queueOfChild, ScopedPromises } from './scoped-promises.js';
export { type Begun, type Sender, Sends } from './sends.js';
export type { HeldPromise, Settlement, SettleOutcome } from './settle.js';
export {
  isSettled,
  SETTLED,
  type SettledStatus,
  STATUSES,
  type Status,
  TRANSITIONS,
  type Transition,
} from './states.js';
export { type SettledFacts, type SettledSample, settledSample } from './statistics.js';
export { PromiseStore, type PromiseStoreOptions } from './store.js';
export {
  type NewSubscription,
  newSubscription,
  type Subscription,
  type SubscriptionChange,
  Subscriptions,
  type SubscriptionTarget,
  subscriptionChange,
} from './subscriptions.js';
export {
  type LineTelemetry,
  type PromiseNews,
  type PromiseNewsListener,
  PromiseTelemetry,
} from './telemetry.js';
export {
  type Digest,
  EXPORTED_KINDS,
  type ImportReport,
  type Lines,
  Transfer,
  verifyLines,
} from './transfer/index.js';
export type { SealedPart, SealedText, Vault } from './vault.js';
