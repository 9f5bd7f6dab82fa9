import { expect, it } from 'vitest';
import { judge } from '../../faults/soak/judge.js';
import type { Sample } from '../../faults/soak/orders.js';

const sample = (over: Partial<Sample>): Sample => ({
  calls: { make: 40 },
  made: 100,
  lookedFor: 90,
  lost: 0,
  kept: 80,
  errors: {},
  rssMib: 100,
  descriptors: 20,
  enqueueMs: [5],
  ...over,
});
const own = (of: (at: number) => Partial<Sample>) =>
  Array.from({ length: 12 }, (_, at) => sample(of(at)));
const judged = (samples: readonly Sample[], over = {}) =>
  judge({ samples: [samples], walBytesMax: 1_000, died: 0, wrong: [], ...over }).faults;

it('a soak is well that loses nothing, meets no lock, and does not grow', () => {
  expect(judged(own((at) => ({ descriptors: 20 + (at % 3), rssMib: 100 + (at % 4) })))).toEqual([]);
  expect(judged(own(() => ({ errors: { 'database-rate-limited: too many': 3 } })))).toEqual([]);
});

it('a soak tells what it has lost, which locks it met, and what grows', () => {
  expect(judged(own(() => ({ lost: 1 })))).toEqual(['1 acknowledged and not there']);
  const waited = 'executor-waits: promises.claim waited N ms for the write lock';
  for (const error of ['database-busy: it was', 'unexpected: database is locked', waited]) {
    expect(judged(own(() => ({ errors: { [error]: 2 } })))).toEqual([`2 errors ${error}`]);
  }
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
  expect(
    judged(
      own(() => ({})),
      { wrong: ['a set left behind'] },
    ),
  ).toEqual(['a set left behind']);
  expect(judged(own(() => ({ lookedFor: 0 })))).toEqual(['nothing was made and looked for']);
  expect(judged(own(() => ({ kept: 0 })))).toEqual(['nothing was kept']);
});
