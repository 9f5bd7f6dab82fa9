import { systemClock } from '../core/index.js';
import { type FileRun, runFile, TOLD_LENGTH_MAX } from './file-run.js';
import type { Suite } from './machine-config.js';
import { endOf } from './output.js';
import type { RunSettings, Workplace } from './workplace.js';

export interface SuiteAsk {
  readonly suite: Suite;
  readonly settings: RunSettings;
  readonly workplace: Workplace;
  /** Null is the whole suite in one process. */
  readonly files: readonly (string | null)[];
  /** Reports are written there. */
  readonly scratch: string;
  /** For all files. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called when a file begins, writes or ends, with how many have ended, and what there is to tell. */
  readonly onChange: (ended: number, told: string) => void;
}

/** Runs test files, each in a process of its own, as many at once as the suite may. One result a file, in order. */
export async function runFiles(ask: SuiteAsk): Promise<FileRun[]> {
  const { files, suite, signal, onChange } = ask;
  const endsAt = systemClock.monotonic() + ask.timeoutMs;
  const runs = new Map<number, FileRun>();
  /** What runs, with the end of what it has written. */
  const running = new Map<number, string>();
  const tell = () => onChange(runs.size, toldOf([...running.values()]));
  let next = 0;
  const work = async () => {
    while (next < files.length) {
      const at = next;
      next += 1;
      const file = files[at] ?? null;
      const leftMs = endsAt - systemClock.monotonic();
      if (signal.aborted || leftMs <= 0) {
        runs.set(at, notRun(file));
        continue;
      }
      const hear = (written: string) => {
        running.set(at, `${file ?? 'the suite'}\n${written}`.trimEnd());
        tell();
      };
      hear('');
      runs.set(at, await runFile(ask, file, at, leftMs, hear));
      running.delete(at);
      tell();
    }
  };
  await Promise.all(Array.from({ length: Math.min(suite.parallel, files.length) }, work));
  return files.map((file, at) => runs.get(at) ?? notRun(file));
}

/** A share for each of those that run. */
function toldOf(running: readonly string[]): string {
  const share = Math.floor(TOLD_LENGTH_MAX / Math.max(running.length, 1));
  return running
    .map((text) => {
      const [head = ''] = text.split('\n', 1);
      return text.length <= share
        ? text
        : `${head}\n${endOf(text, Math.max(share - head.length, 1))}`;
    })
    .join('\n')
    .slice(0, TOLD_LENGTH_MAX);
}

function notRun(file: string | null): FileRun {
  const nothing = { cases: [], durationMs: 0, memoryMiB: 0, output: '' };
  return { file, status: 'not-run', ...nothing, fault: 'there was no time left for it' };
}
