import { describe, expect, it } from 'vitest';
import { DURATION_MS_MAX, formatDuration, parseDuration } from './duration.js';

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['1.5s', 1_500],
    ['0.75h', 2_700_000],
    ['0.4ms', 0],
    ['3650d', DURATION_MS_MAX],
    [0, 0],
    [1_234, 1_234],
    [DURATION_MS_MAX, DURATION_MS_MAX],
  ])('takes %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    '5',
    's',
    '5 s',
    ' 5s',
    '5s ',
    '-5s',
    '5.s',
    '.5s',
    '5x',
    '1h5m',
    '3651d',
    -1,
    1.5,
    DURATION_MS_MAX + 1,
    Number.NaN,
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [249.6, '250ms'],
    [999, '999ms'],
    [1_000, '1s'],
    [1_499, '1s'],
    [1_500, '2s'],
    [60_000, '1m'],
    [3_661_000, '1h 1m 1s'],
    [90_061_000, '1d 1h 1m 1s'],
    [172_800_000, '2d'],
  ])('writes %d as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
