import type { Run, WorkerStatus } from '../client/index.js';
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
/** More do not fit anyway. */
const RUNS_MAX = 5;
/** What the line itself tells. */
const TOLD = /"level":"info"/;

export function workerLine(queues: readonly string[]): WorkerLine {
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
      latest = lineOf(queues, status);
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

function lineOf(queues: readonly string[], status: WorkerStatus): string {
  const { state, running, unsettled, completed, failed, other, lost } = status;
  const parts = [
    `${state.replace('-', ' ')}, ${queues.length > 1 ? 'queues' : 'queue'} ${queues.join(', ')}`,
    `${running} running`,
    ...(unsettled > 0 ? [`${unsettled} to settle`] : []),
    `${completed} completed`,
    `${failed} failed`,
    ...(other > 0 ? [`${other} put off`] : []),
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...status.runs.slice(0, RUNS_MAX).map(runText),
  ];
  return parts.join(' · ').slice(0, (process.stdout.columns || 80) - 1);
}

/** What runs, how far it is, and the last that it told. */
function runText({ type, progress }: Run): string {
  const { percent = null, message = null } = progress ?? {};
  const [first = '', ...rest] = (message ?? '').split('\n').filter((line) => line.trim() !== '');
  const told = [
    ...(percent === null ? [] : [`${Math.round(percent)} %`]),
    ...(first === '' ? [] : [first]),
    ...rest.slice(-1),
  ];
  // A tab or an escape would move the cursor.
  return [type, ...told].join(' ').replaceAll(/\p{Cc}/gu, ' ');
}
