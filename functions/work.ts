import { Cron } from 'croner';
import { Scheduler, TICK_BUDGETS, tick } from '../src/tasks/index.js';
import type { Services } from './services.js';

/** What a process does by itself. */
export interface Work {
  /** Begins nothing more, lets what runs end, hands back what does not end in time. */
  stop(): Promise<void>;
}

/** Starts the executor, the schedules, the outbox, and a cron that ticks every minute. */
export function startWork(services: Services, stopping: AbortSignal): Work {
  const executor = services.createExecutor();
  const scheduler = new Scheduler(services);
  executor.start();
  scheduler.start();
  services.outbox?.start();
  const cron = startCron(services, stopping);
  return {
    stop: async () => {
      await Promise.all([
        scheduler.stop(),
        executor.stop(),
        cron.stop(),
        services.outbox?.stop() ?? Promise.resolve(),
      ]);
    },
  };
}

/** Ticks now and every minute. `stop` resolves when the tick under way has ended. */
function startCron(services: Services, signal: AbortSignal): Work {
  const { schedules, maintenance, outbox, history, log } = services;
  let underWay: Promise<unknown> = Promise.resolve();
  const round = () => {
    const parts = { schedules, maintenance, outbox, history, log, signal };
    underWay = tick(parts, TICK_BUDGETS.cron).catch((error: unknown) =>
      log.error('tick-failed', { error }),
    );
    return underWay;
  };
  const cron = new Cron('* * * * *', { timezone: 'UTC', protect: true }, async () => {
    await round();
  });
  // What the process before left behind is not left to the first round that is due.
  void recoverAtStart(services, signal).then(round);
  return {
    stop: async () => {
      cron.stop();
      await underWay;
    },
  };
}

async function recoverAtStart({ maintenance, log }: Services, signal: AbortSignal): Promise<void> {
  try {
    await maintenance.runNow('recovery', { signal });
  } catch (error) {
    log.error('tick-failed', { error });
  }
}
