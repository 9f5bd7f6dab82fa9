import { describe, expect, test } from 'vitest';
import type { SettledFacts } from '../../promises/index.js';
import { findingsOf } from './findings.js';
import type { ReflectionContext } from './gather.js';
import { figuresByType } from './type-figures.js';

const NOBODY = { waiting: 0, pending: 0, in_progress: 0, completed: 0, failed: 0, cancelled: 0 };

const QUIET: ReflectionContext = {
  from: 0,
  to: 21_600_000,
  isCut: false,
  types: [],
  typesBefore: [],
  causes: [],
  backlog: { byStatus: NOBODY, oldestReadyAgeMs: null, stalled: 0, lines: [] },
  locks: [],
  checkpoints: [],
  messages: [],
  health: [],
};

const settled = (count: number, over: Partial<SettledFacts> = {}): SettledFacts[] =>
  Array.from({ length: count }, (_, at) => ({
    type: 'mail',
    status: 'completed',
    settledAt: at + 200,
    startedAt: at + 100,
    runAt: at,
    attempt: 1,
    code: null,
    message: null,
    ...over,
  }));

const titlesOf = (over: Partial<ReflectionContext>) =>
  findingsOf({ ...QUIET, ...over }).map(({ kind, title }) => `${kind}: ${title}`);

describe('figures of a type', () => {
  test('have counts, and how long it ran and waited', () => {
    const promises = [
      ...settled(18),
      ...settled(1, { status: 'failed', attempt: 3, settledAt: 5_100 }),
      ...settled(1, { status: 'cancelled', startedAt: null }),
      ...settled(2, { type: 'rare' }),
    ];
    const [mail, rare] = figuresByType(promises);
    expect(mail).toEqual({
      type: 'mail',
      completed: 18,
      failed: 1,
      cancelled: 1,
      retried: 1,
      runMs: { p50: 100, p95: 5_000, max: 5_000 },
      waitMs: { p50: 100, p95: 100, max: 100 },
    });
    expect(rare?.type).toBe('rare');
  });
});

describe('findings', () => {
  test('of a quiet time are its summary alone', () => {
    expect(titlesOf({})).toEqual(['summary: 0 settled, 0 failed']);
  });

  test('say what is more, slower, and fails more than before', () => {
    const typesBefore = figuresByType(settled(10));
    const types = figuresByType([
      ...settled(20, { settledAt: 9_000 }),
      ...settled(10, { status: 'failed', code: 'run-failed', message: 'no' }),
    ]);
    expect(titlesOf({ types, typesBefore })).toEqual([
      'summary: 30 settled, 10 failed',
      'trend: mail: more than before',
      'trend: mail: slower than before',
      'anomaly: mail fails more than it did',
      'slow: Slowest: mail',
      'failing: Fails most: mail',
    ]);
  });

  test('say nothing of types that are too few to compare, or are as before', () => {
    expect(
      titlesOf({ types: figuresByType(settled(9)), typesBefore: figuresByType(settled(1)) }),
    ).toHaveLength(1);
    expect(
      titlesOf({ types: figuresByType(settled(15)), typesBefore: figuresByType(settled(10)) }),
    ).toHaveLength(1);
    const failed = figuresByType([...settled(10), ...settled(10, { status: 'failed' })]);
    const known = titlesOf({ types: failed, typesBefore: failed });
    expect(known).not.toContain('anomaly: mail fails more than it did');
  });

  test('say what is out of the ordinary with locks, logs, workers and health', () => {
    const lock = { database: 'queue', writes: 9, lockWaits: 4, busy: 0, writeMsMax: 1 };
    expect(
      titlesOf({
        backlog: { byStatus: NOBODY, oldestReadyAgeMs: 600_001, stalled: 2, lines: [] },
        locks: [
          { ...lock, lockWaitMsMax: 5_000, deadlinesPassed: 0 },
          { ...lock, database: 'system', lockWaitMsMax: 10, deadlinesPassed: 1 },
          { ...lock, database: 'other', lockWaitMsMax: 10, deadlinesPassed: 0 },
        ],
        checkpoints: [{ at: 1, outcome: 'done', durationMs: 1, walBytesMax: 70_000_000 }],
        health: [
          { at: 1, status: 'ok' },
          { at: 2, status: 'degraded' },
        ],
      }),
    ).toEqual([
      'summary: 0 settled, 0 failed',
      'anomaly: Promises wait too long',
      'anomaly: Workers were lost',
      'anomaly: The lock of queue is held for long',
      'anomaly: The lock of system is held for long',
      'anomaly: A write-ahead log has grown',
      'anomaly: Health was degraded',
    ]);
  });
});
