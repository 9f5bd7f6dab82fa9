import { describe, expect, it } from 'vitest';
import { HISTOGRAM_BOUNDS_MS, Histogram, histogramSince, quantileMs } from './histogram.js';

const LONGEST = HISTOGRAM_BOUNDS_MS.length;

function counted(...values: number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

describe('a histogram', () => {
  it('counts a duration in the first class whose bound is not less', () => {
    const { counts, count, sumMs } = counted(0, 1, 1.5, 2, 3, 5_000_000).figures;
    expect(counts).toHaveLength(LONGEST + 1);
    expect([counts[0], counts[1], counts[2], counts[LONGEST]]).toEqual([2, 2, 1, 1]);
    expect([count, sumMs]).toEqual([6, 5_000_007.5]);
  });

  it('counts several of one duration, and what another has counted', () => {
    const histogram = counted(1);
    histogram.add(10, 3);
    histogram.addAll(counted(10, 4_000_000).figures);
    const { counts, count, sumMs } = histogram.figures;
    expect([counts[0], counts[3], counts[LONGEST]]).toEqual([1, 4, 1]);
    expect([count, sumMs]).toEqual([6, 4_000_041]);
  });

  it('leaves out classes of another that it does not have', () => {
    const histogram = new Histogram();
    histogram.addAll({ counts: new Array(LONGEST + 3).fill(1), count: LONGEST + 3, sumMs: 1 });
    expect(histogram.figures.counts).toEqual(new Array(LONGEST + 1).fill(1));
  });

  it('gives figures that stay as they were', () => {
    const histogram = counted(1);
    const { figures } = histogram;
    histogram.add(1);
    expect([figures.counts[0], figures.count]).toEqual([1, 1]);
  });
});

describe('histogramSince', () => {
  it('says what was counted between two looks', () => {
    const histogram = counted(1, 10);
    const before = histogram.figures;
    histogram.add(10, 2);
    const { counts, count, sumMs } = histogramSince(histogram.figures, before);
    expect([counts[0], counts[3], count, sumMs]).toEqual([0, 2, 2, 20]);
    expect(histogramSince(before, undefined)).toEqual(before);
  });
});

describe('quantileMs', () => {
  it('is the bound that the share of all are within', () => {
    const { figures } = counted(1, 2, 5, 10);
    expect([0.25, 0.26, 0.5, 0.75, 1].map((share) => quantileMs(figures, share))).toEqual([
      1, 2, 2, 5, 10,
    ]);
  });

  it('is nothing where there are none, and the longest bound for what is longer than all', () => {
    expect(quantileMs(new Histogram().figures, 0.5)).toBeNull();
    expect(quantileMs(counted(4_000_000).figures, 0.5)).toBe(3_600_000);
  });
});
