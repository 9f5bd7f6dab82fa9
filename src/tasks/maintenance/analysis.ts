import type { Json } from '../../core/index.js';
import type { Database, SqlClock } from '../../db/index.js';
import type { PromiseStore, QueueFigures } from '../../promises/index.js';
import type { Insights, NewInsight } from '../../records/index.js';
import {
  findingsOf,
  gather,
  type LockFigures,
  type ReflectionContext,
} from '../reflection/index.js';
import { REFLECT } from '../work/reflect.js';
import type { MaintenanceTask } from './maintenance-task.js';

/** Databases that are open for as long as they are read. */
export interface BorrowedDatabases {
  readonly queue: Database;
  readonly system: Database;
  readonly close: () => Promise<void>;
}

export interface AnalysisParts {
  /** Opens both databases for the gathering alone. */
  readonly borrow: () => Promise<BorrowedDatabases>;
  readonly figures: (queue: Database) => Promise<QueueFigures>;
  /** What the service's own databases have counted. */
  readonly locks: () => readonly LockFigures[];
  readonly insights: Insights;
  /** Makes the promise that asks a model; undefined when none is set. */
  readonly promises: Pick<PromiseStore, 'enqueue'> | undefined;
  readonly sqlClock?: SqlClock | undefined;
}

/** A model may think for so long. */
const MODEL_TIMEOUT_MS = 600_000;

/**
 * Looks at the time since the last analysis, and writes down what stands out. The handles
 * that it reads with are closed before anything is made of what they read; a model is
 * asked by a promise, which has the figures with it.
 */
export function analysisTask(parts: AnalysisParts, intervalMs: number): MaintenanceTask {
  return {
    name: 'analysis',
    intervalMs,
    run: async ({ runId }) => {
      const context = await gathered(parts, intervalMs);
      const findings = findingsOf(context);
      await parts.insights.add(findings, runId);
      await askModel(parts, runId, context, findings);
      const counts = { insights: findings.length, settled: settledIn(context) };
      return { outcome: 'completed', counts: { ...counts, model: parts.promises !== undefined } };
    },
  };
}

async function gathered(parts: AnalysisParts, periodMs: number): Promise<ReflectionContext> {
  const { figures, locks, sqlClock: clock } = parts;
  const borrowed = await parts.borrow();
  try {
    return await gather(borrowed, { periodMs, figures, locks: locks(), clock });
  } finally {
    await borrowed.close();
  }
}

/** Its id is that of the run: a run that is carried out twice asks once. */
async function askModel(
  { promises }: AnalysisParts,
  runId: string,
  context: ReflectionContext,
  findings: readonly NewInsight[],
): Promise<void> {
  if (promises === undefined) return;
  const { from, to } = context;
  const payload = {
    from,
    to,
    context: context as unknown as Json,
    findings: findings.map(({ title, text }) => `${title}: ${text}`),
  };
  await promises.enqueue([{ ...REFLECT, id: runId, payload, timeout: MODEL_TIMEOUT_MS }]);
}

function settledIn({ types }: ReflectionContext): number {
  return types.reduce(
    (sum, { completed, failed, cancelled }) => sum + completed + failed + cancelled,
    0,
  );
}
