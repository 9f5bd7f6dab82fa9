import { formatDuration, type Json, newId } from '../../core/index.js';
import type { InsightKind, NewInsight } from '../../records/index.js';
import type { ReflectionContext } from './gather.js';
import { failureShare, settledOf, type TypeFigures } from './type-figures.js';

/** When something is worth saying. Durations are milliseconds. */
export const FINDING_BOUNDS = {
  /** A type must have had so many promises in a period to be compared. */
  countMin: 10,
  /** It runs so many times as long, or has so many times as many, as in the period before. */
  factor: 2,
  /** Failed of what ended. */
  failureShare: 0.2,
  readyAgeMs: 600_000,
  lockWaitMs: 5_000,
  walBytes: 67_108_864,
} as const;

const RANKED_MAX = 3;

type Found = Pick<NewInsight, 'kind' | 'title' | 'text' | 'data'>;

/** What the figures say by themselves: a summary first, then what stands out. */
export function findingsOf(context: ReflectionContext): NewInsight[] {
  const { from, to } = context;
  const found = [
    summary(context),
    ...trends(context),
    ...anomalies(context),
    ...slowest(context),
    ...failing(context),
  ];
  return found.map((one) => ({ ...one, id: newId(), from, to }));
}

function insight(kind: InsightKind, title: string, text: string, data: Json): Found {
  return { kind, title, text, data };
}

function summary({ from, to, types, backlog, isCut, messages }: ReflectionContext): Found {
  const sum = (field: 'completed' | 'failed' | 'cancelled' | 'retried') =>
    types.reduce((total, figures) => total + figures[field], 0);
  const [completed, failed, cancelled, retried] = [
    sum('completed'),
    sum('failed'),
    sum('cancelled'),
    sum('retried'),
  ];
  const settled = completed + failed + cancelled;
  const period = formatDuration(to - from);
  const share =
    completed + failed === 0 ? '' : `, ${percent(completed / (completed + failed))} kept`;
  const lines = [
    settled === 0
      ? `Nothing was settled in ${period}.`
      : `${isCut ? 'At least ' : ''}${settled} promises were settled in ${period}: ${completed} completed, ${failed} failed, ${cancelled} cancelled${share}. ${retried} needed more than one attempt.`,
    `${backlog.byStatus.pending} are pending, ${backlog.byStatus.in_progress} running, ${backlog.byStatus.waiting} waiting.`,
  ];
  const [busiest] = types;
  if (busiest !== undefined)
    lines.push(`Most were of type ${busiest.type}: ${settledOf(busiest)}.`);
  const open = messages.filter(({ status }) => status === 'received' || status === 'queued');
  if (open.length > 0)
    lines.push(`${open.reduce((all, one) => all + one.messages, 0)} messages wait.`);
  const data = {
    completed,
    failed,
    cancelled,
    retried,
    types,
    backlog: backlog.byStatus,
  } as unknown as Json;
  return insight('summary', `${settled} settled, ${failed} failed`, lines.join(' '), data);
}

/** What has changed since the period before. */
function trends({ types, typesBefore }: ReflectionContext): Found[] {
  const before = new Map(typesBefore.map((figures) => [figures.type, figures]));
  return types.flatMap((now) => {
    const was = before.get(now.type);
    if (was === undefined) return [];
    return [volumeTrend(now, was), durationTrend(now, was)].flatMap((one) => one ?? []);
  });
}

function volumeTrend(now: TypeFigures, was: TypeFigures): Found | undefined {
  const [count, countBefore] = [settledOf(now), settledOf(was)];
  if (Math.max(count, countBefore) < FINDING_BOUNDS.countMin) return undefined;
  const ratio = count / countBefore;
  if (ratio < FINDING_BOUNDS.factor && ratio > 1 / FINDING_BOUNDS.factor) return undefined;
  const title = `${now.type}: ${ratio > 1 ? 'more' : 'less'} than before`;
  const text = `${count} of type ${now.type} were settled, after ${countBefore} in the period before.`;
  return insight('trend', title, text, { type: now.type, count, countBefore });
}

function durationTrend(now: TypeFigures, was: TypeFigures): Found | undefined {
  if (now.runMs === null || was.runMs === null) return undefined;
  if (Math.min(settledOf(now), settledOf(was)) < FINDING_BOUNDS.countMin) return undefined;
  const [p95, p95Before] = [now.runMs.p95, was.runMs.p95];
  const ratio = (p95 + 1) / (p95Before + 1);
  if (ratio < FINDING_BOUNDS.factor && ratio > 1 / FINDING_BOUNDS.factor) return undefined;
  const title = `${now.type}: ${ratio > 1 ? 'slower' : 'faster'} than before`;
  const text = `95 % of type ${now.type} ran for at most ${formatDuration(p95)}, after ${formatDuration(p95Before)} in the period before.`;
  return insight('trend', title, text, { type: now.type, p95Ms: p95, p95BeforeMs: p95Before });
}

/** What is out of the ordinary. */
function anomalies({
  types,
  typesBefore,
  backlog,
  locks,
  checkpoints,
  health,
}: ReflectionContext): Found[] {
  const found: Found[] = [];
  const before = new Map(typesBefore.map((figures) => [figures.type, failureShare(figures)]));
  for (const figures of types) {
    const share = failureShare(figures);
    const was = before.get(figures.type) ?? 0;
    if (
      share === null ||
      share < FINDING_BOUNDS.failureShare ||
      share < was * FINDING_BOUNDS.factor
    )
      continue;
    if (figures.completed + figures.failed < FINDING_BOUNDS.countMin) continue;
    const text = `${percent(share)} of type ${figures.type} failed, after ${percent(was)} in the period before.`;
    const data = { type: figures.type, share, shareBefore: was };
    found.push(insight('anomaly', `${figures.type} fails more than it did`, text, data));
  }
  const { oldestReadyAgeMs: age, stalled } = backlog;
  if (age !== null && age > FINDING_BOUNDS.readyAgeMs) {
    const text = `The oldest promise that is due has waited for ${formatDuration(age)}: there are too few workers, or none for its type.`;
    found.push(insight('anomaly', 'Promises wait too long', text, { oldestReadyAgeMs: age }));
  }
  if (stalled > 0) {
    const text = `${stalled} running promises have lost their worker and wait for recovery.`;
    found.push(insight('anomaly', 'Workers were lost', text, { stalled }));
  }
  for (const { database, lockWaitMsMax, deadlinesPassed, lockWaits } of locks) {
    if (deadlinesPassed === 0 && lockWaitMsMax < FINDING_BOUNDS.lockWaitMs) continue;
    const text = `Writes to ${database} waited for the lock ${lockWaits} times, at most ${formatDuration(lockWaitMsMax)}; ${deadlinesPassed} gave up.`;
    const data = { database, lockWaits, lockWaitMsMax, deadlinesPassed };
    found.push(insight('anomaly', `The lock of ${database} is held for long`, text, data));
  }
  const walBytes = Math.max(0, ...checkpoints.map(({ walBytesMax }) => walBytesMax ?? 0));
  if (walBytes > FINDING_BOUNDS.walBytes) {
    const text = `A write-ahead log was ${walBytes} bytes long: a reader keeps checkpoints from finishing.`;
    found.push(insight('anomaly', 'A write-ahead log has grown', text, { walBytes }));
  }
  const degraded = health.filter(({ status }) => status === 'degraded');
  if (degraded.length > 0) {
    const text = `Health was degraded ${degraded.length === 1 ? 'once' : `${degraded.length} times`}.`;
    found.push(
      insight('anomaly', 'Health was degraded', text, { at: degraded.map(({ at }) => at) }),
    );
  }
  return found;
}

function slowest({ types }: ReflectionContext): Found[] {
  const ranked = types
    .flatMap(({ type, runMs }) => (runMs === null ? [] : [{ type, ...runMs }]))
    .filter(({ p95 }) => p95 >= 1_000)
    .sort((a, b) => b.p95 - a.p95)
    .slice(0, RANKED_MAX);
  if (ranked.length === 0) return [];
  const text = ranked
    .map(
      ({ type, p50, p95 }) =>
        `${type}: half within ${formatDuration(p50)}, 95 % within ${formatDuration(p95)}`,
    )
    .join('; ');
  return [insight('slow', `Slowest: ${ranked[0]?.type}`, `${text}.`, ranked)];
}

function failing({ types, causes }: ReflectionContext): Found[] {
  const ranked = types
    .filter(({ failed }) => failed > 0)
    .sort((a, b) => b.failed - a.failed)
    .slice(0, RANKED_MAX);
  if (ranked.length === 0) return [];
  const text = ranked
    .map(({ type, failed, completed }) => {
      const why = causes.filter((cause) => cause.type === type).slice(0, RANKED_MAX);
      const reasons = why
        .map(({ code, count, example }) => `${count} × ${code} (${example})`)
        .join(', ');
      return `${type}: ${failed} of ${failed + completed} failed: ${reasons}`;
    })
    .join('; ');
  const data = {
    types: ranked.map(({ type, failed, completed }) => ({ type, failed, completed })),
    causes,
  };
  return [
    insight('failing', `Fails most: ${ranked[0]?.type}`, `${text}.`, data as unknown as Json),
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
