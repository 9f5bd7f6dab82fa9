import type { WorkerStatus } from '../client/index.js';
import { systemClock } from '../core/index.js';

/** One line on a terminal that is always what the worker does now. */
export interface WorkerLine {
  show(status: WorkerStatus): void;
  /** Puts a record of the log above the line. */
  tell(text: string): void;
  /** Leaves the line as it is. */
  end(): void;
}

/** No more often than the eye can follow. */
const SHOW_EVERY_MS = 100;
const CLEAR = '\r\u001b[2K';
/** What the line itself tells. */
const TOLD = /"level":"info"/;

export function workerLine(queue: string): WorkerLine {
  let latest = '';
  let shownAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const write = () => {
    timer = undefined;
    shownAt = systemClock.monotonic();
    process.stdout.write(`${CLEAR}${latest}`);
  };
  return {
    show(status) {
      latest = lineOf(queue, status);
      const waitMs = shownAt + SHOW_EVERY_MS - systemClock.monotonic();
      timer ??= setTimeout(write, Math.max(waitMs, 0));
    },
    tell(text) {
      if (!TOLD.test(text)) process.stdout.write(`${CLEAR}${text}\n${latest}`);
    },
    end() {
      clearTimeout(timer);
      process.stdout.write(`${CLEAR}${latest}\n`);
    },
  };
}

function lineOf(queue: string, status: WorkerStatus): string {
  const { state, running, unsettled, completed, failed, other, lost } = status;
  const parts = [
    `${state.replace('-', ' ')}, queue ${queue}`,
    `${running} running`,
    ...(unsettled > 0 ? [`${unsettled} to settle`] : []),
    `${completed} completed`,
    `${failed} failed`,
    ...(other > 0 ? [`${other} put off`] : []),
    ...(lost > 0 ? [`${lost} lost`] : []),
  ];
  return parts.join(' · ').slice(0, (process.stdout.columns || 80) - 1);
}
