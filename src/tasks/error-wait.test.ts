import { expect, it } from 'vitest';
import { errorWaitMs } from './error-wait.js';

const waits = (random: number) =>
  [0, 1, 2, 5, 6, 100].map((errors) => errorWaitMs(errors, () => random));

it('waits twice as long after each error in a row, five seconds at most', () => {
  expect(waits(1)).toEqual([100, 200, 400, 3_200, 5_000, 5_000]);
});

it('takes up to half of it away by chance', () => {
  expect(waits(0)).toEqual([50, 100, 200, 1_600, 2_500, 2_500]);
  expect(waits(0.5)).toEqual([75, 150, 300, 2_400, 3_750, 3_750]);
});
