import type { Log } from '../core/index.js';
import type { FireReport, Schedules } from '../promises/index.js';
import type { Executor, ExecutorReport } from './executor.js';
import type { HistoryKeeper } from './history-keeper.js';
import type { Maintenance, MaintenanceRound } from './maintenance/index.js';
import type { OutboxRelay } from './outbox-relay.js';

/** How long each part of a tick may go on, in milliseconds. */
export interface TickBudget {
  /** Beginning maintenance tasks that are due. */
  readonly maintenanceMs: number;
  /** Claiming promises, those included that come due meanwhile. */
  readonly claimMs: number;
  /** Letting what runs end, before it is handed back. */
  readonly drainMs: number;
}

export const TICK_BUDGETS = {
  /** The cron's minute; a cron invocation of a Worker may last 15 minutes. */
  cron: { maintenanceMs: 20_000, claimMs: 45_000, drainMs: 600_000 },
  /** After a response: a Worker's `waitUntil` lasts 30 s. */
  request: { maintenanceMs: 0, claimMs: 5_000, drainMs: 20_000 },
} as const satisfies Record<string, TickBudget>;

export interface TickParts {
  readonly schedules: Pick<Schedules, 'fireDue'>;
  readonly maintenance: Maintenance;
  /** Absent where no outbox is set. */
  readonly outbox?: OutboxRelay | undefined;
  /** Absent where what the process did is not noted. */
  readonly history?: Pick<HistoryKeeper, 'keep'>;
  /** Absent where an executor works all the time. */
  readonly executor?: Executor;
  readonly log: Log;
  /** Aborted when the service stops: maintenance that is due is left to the next tick. */
  readonly signal?: AbortSignal;
}

export interface TickReport {
  /** Null when they could not be fired; the next tick does. */
  readonly schedules: FireReport | null;
  /** Null when the budget has no time for maintenance. */
  readonly maintenance: MaintenanceRound | null;
  /** Null where an executor works all the time. */
  readonly work: ExecutorReport | null;
}

/**
 * One bounded round: schedules that are due, the outbox, maintenance that is due, then
 * promises that are due. Any number of instances may tick at once: each thing is done by one of them.
 */
export async function tick(parts: TickParts, budget: TickBudget): Promise<TickReport> {
  const { maintenance, executor, log, signal } = parts;
  const schedules = await fireSchedules(parts);
  await parts.outbox?.relay();
  const due = { budgetMs: budget.maintenanceMs, ...(signal === undefined ? {} : { signal }) };
  const round = budget.maintenanceMs > 0 ? await maintenance.runDue(due) : null;
  const work = executor === undefined ? null : await executor.runUntilIdle(budget);
  if (budget.maintenanceMs > 0) await parts.history?.keep();
  const report = { schedules, maintenance: round, work };
  const fired = schedules?.fired.length ?? null;
  log.debug('tick', { fired, maintenance: round?.runs.map((run) => run.task), ...work });
  return report;
}

/** A schedule that cannot be fired must not keep maintenance, which may mend what is wrong. */
async function fireSchedules({ schedules, log }: TickParts): Promise<FireReport | null> {
  try {
    return await schedules.fireDue();
  } catch (error) {
    log.error('schedules-not-fired', { error });
    return null;
  }
}
