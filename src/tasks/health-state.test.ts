import { describe, expect, test } from 'vitest';
import { assessHealth, healthThresholds } from './health-state.js';

type Figures = Parameters<typeof assessHealth>[0];

const NOW = 1_800_000_000_000;
const BY_STATUS = { waiting: 0, pending: 0, in_progress: 0, completed: 0, failed: 0, cancelled: 0 };

const database = (over: object = {}) => ({
  name: 'queue',
  ok: true,
  topology: 'file' as const,
  managedBy: 'us' as const,
  verified: true,
  settings: null,
  deviations: [],
  walBytes: 1_000,
  lastCheckpoint: null,
  stale: false,
  at: NOW,
  ...over,
});

const figures = (
  queue: Partial<Figures['queue']> & { counts?: Partial<typeof BY_STATUS> } = {},
  over: object = {},
): Figures =>
  ({
    status: 'ok',
    reasons: [],
    checkedAt: NOW,
    databases: [database()],
    maintenance: [],
    queue: {
      byStatus: { ...BY_STATUS, ...queue.counts },
      oldestReadyAgeMs: null,
      stalled: 0,
      successRate: null,
      stale: false,
      at: NOW,
      ...queue,
    },
    ...over,
  }) as unknown as Figures;

const assess = (of: Figures, thresholds = {}) =>
  assessHealth(of, healthThresholds.parse(thresholds));
const stateOf = (of: Figures, thresholds = {}) => assess(of, thresholds).state;

const run = (over: object) => ({
  maintenance: [{ task: 'checkpoint', lastRun: null, nextDueAt: null, ...over }],
});

describe('the state', () => {
  test('follows from how much there is to do', () => {
    expect(stateOf(figures())).toBe('idle');
    expect(stateOf(figures({ counts: { completed: 5 } }))).toBe('idle');
    expect(stateOf(figures({ counts: { pending: 1 } }))).toBe('healthy');
    expect(stateOf(figures({ counts: { waiting: 1 } }))).toBe('healthy');
    expect(stateOf(figures({ counts: { pending: 90, in_progress: 10 } }))).toBe('busy');
    expect(stateOf(figures({ counts: { pending: 5 } }), { busyPromises: 5 })).toBe('busy');
    expect(stateOf(figures({ byStatus: null }))).toBe('idle');
  });

  test('is attention where somebody should look, with what was seen and what to do', () => {
    const concerns: [Figures, RegExp][] = [
      [figures({ oldestReadyAgeMs: 600_001 }), /waited for 10m/],
      [figures({ stalled: 2 }), /^2 running promises have lost/],
      [
        figures({ successRate: 0.5, counts: { completed: 5, failed: 5 } }),
        /^50\.0 % of 10 settled promises were kept/,
      ],
      [
        figures({}, { databases: [database({ walBytes: 70_000_000 })] }),
        /log of queue is 70000000/,
      ],
      [
        figures(
          {},
          { databases: [database({ verified: false, deviations: [{ setting: 'cacheSizeKib' }] })] },
        ),
        /cacheSizeKib/,
      ],
      [
        figures({}, run({ lastRun: { outcome: 'failed', error: { code: 'x', message: 'gone' } } })),
        /^The last checkpoint failed: gone/,
      ],
      [figures({}, run({ nextDueAt: NOW - 900_001 })), /^checkpoint has been due for 15m/],
    ];
    for (const [of, seen] of concerns) {
      const { state, observations, suggestions } = assess(of);
      expect([state, observations[0]]).toEqual(['attention', expect.stringMatching(seen)]);
      expect(suggestions).toHaveLength(1);
      expect(suggestions[0]).not.toBe('');
    }
  });

  test('keeps still below its thresholds, which are set', () => {
    const nearly = figures({
      oldestReadyAgeMs: 600_000,
      successRate: 0.5,
      counts: { completed: 4, failed: 5, pending: 1 },
    });
    expect(stateOf(nearly)).toBe('healthy');
    expect(stateOf(nearly, { readyAgeMs: 1_000 })).toBe('attention');
    expect(
      stateOf(figures({}, { databases: [database({ walBytes: 5 })] }), { walBytesMax: 4 }),
    ).toBe('attention');
    const many = figures({ successRate: 0.5, counts: { completed: 50, failed: 50 } });
    expect(stateOf(many, { successRateMin: 0.4 })).toBe('idle');
    expect(() => healthThresholds.parse({ successRateMin: 2 })).toThrow(/successRateMin/);
  });

  test('is degraded when a database cannot be read, whatever else there is', () => {
    const of = figures({ stalled: 3 }, { status: 'degraded', reasons: ['queue: gone'] });
    expect(assess(of)).toMatchObject({ state: 'degraded', observations: ['queue: gone'] });
  });
});
