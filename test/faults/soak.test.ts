import { expect, it } from 'vitest';
import { judge } from '../../faults/soak/judge.js';
import type { Sample } from '../../faults/soak/orders.js';

const sample = (over: Partial<Sample>): Sample => ({
  at: 0,
  made: 100,
  lost: 0,
  errors: {},
  rssMib: 100,
  descriptors: 20,
  p99Ms: 5,
  ...over,
});
const own = (of: (at: number) => Partial<Sample>) =>
  Array.from({ length: 12 }, (_, at) => sample(of(at)));
const judged = (samples: readonly Sample[], over = {}) =>
  judge({ samples: [samples], walBytesMax: 1_000, died: 0, ...over }).faults;

it('a soak is well that loses nothing, meets no lock, and does not grow', () => {
  expect(judged(own((at) => ({ descriptors: 20 + (at % 3), rssMib: 100 + (at % 4) })))).toEqual([]);
  expect(judged(own(() => ({ errors: { 'database-rate-limited': 3 } })))).toEqual([]);
});

it('a soak tells what it has lost, which locks it met, and what grows', () => {
  expect(judged(own(() => ({ lost: 1 })))).toEqual(['1 acknowledged and not there']);
  expect(judged(own(() => ({ errors: { 'database-busy': 2 } })))).toEqual([
    '2 errors database-busy',
  ]);
  expect(judged(own((at) => ({ descriptors: 20 + 2 * at })))).toEqual(['8 file descriptors more']);
  expect(judged(own((at) => ({ rssMib: 100 + 20 * at })))).toEqual(['memory grew by 80 MiB']);
  expect(
    judged(
      own(() => ({})),
      { walBytesMax: 40_000_000 },
    ),
  ).toHaveLength(1);
  expect(
    judged(
      own(() => ({})),
      { died: 1 },
    ),
  ).toEqual(['1 processes ended']);
  expect(judged(own(() => ({ made: 0 })))).toEqual(['nothing was made']);
});
