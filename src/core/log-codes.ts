import type { LogLevel } from './log.js';

/**
 * Every code that a line of the log can have, with its level. `docs/logs.md` says what each
 * means; a test keeps the two equal.
 */
export const LOG_CODES = {
  // Databases: what `listen` tells as well, under the same names.
  'lock-wait': 'debug',
  busy: 'debug',
  'deadline-passed': 'warn',
  retry: 'info',
  'slow-write': 'warn',
  'connection-discarded': 'warn',
  'transaction-expired': 'warn',
  'circuit-changed': 'warn',
  checkpoint: 'info',
  'checkpoint-failed': 'warn',
  'database-close-failed': 'warn',
  'database-rollback-failed': 'error',
  'database-sync-failed': 'warn',
  'listener-failed': 'error',

  // Promises.
  recovered: 'warn',
  'executor-waits': 'warn',
  'heartbeat-failed': 'warn',
  'lease-lost': 'warn',
  'settlement-delayed': 'warn',
  'settlement-refused': 'warn',
  'settlement-lost': 'error',
  'outbox-refused': 'warn',
  'outbox-not-relayed': 'error',

  // Schedules, ticks and maintenance.
  tick: 'debug',
  'tick-failed': 'error',
  'scheduler-waits': 'warn',
  'schedules-fired': 'debug',
  'schedules-not-fired': 'error',
  'maintenance-finished': 'info',
  'maintenance-failed': 'warn',
  'maintenance-schedule-unreadable': 'error',
  'maintenance-not-taken': 'error',
  'maintenance-not-recorded': 'error',

  // The service.
  'request-failed': 'error',
  'audit-failed': 'error',
  'background-failed': 'warn',
  'history-not-kept': 'warn',
  'migration-failed': 'error',
  'migration-waits': 'warn',
  'chat-not-allowed': 'warn',
  'message-not-queued': 'warn',

  // The pull worker.
  working: 'info',
  stopping: 'info',
  stopped: 'info',
  started: 'info',
  settled: 'info',
  'not-allowed': 'error',
  'claim-failed': 'warn',
  'claim-not-handed-back': 'warn',
  'server-away': 'info',
  'server-back': 'info',
} as const satisfies Readonly<Record<string, LogLevel>>;

export type LogCode = keyof typeof LOG_CODES;

/** The codes of one level. */
export type LogCodeOf<L extends LogLevel> = {
  [C in LogCode]: (typeof LOG_CODES)[C] extends L ? C : never;
}[LogCode];
