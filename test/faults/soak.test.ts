import { expect, it } from 'vitest';
import { judge, type Soaked } from '../../faults/soak/judge.js';
import type { Sample } from '../../faults/soak/sample.js';

const sample = (over: Partial<Sample>): Sample => ({
  isLast: true,
  calls: { make: 400, cancel: 10 },
  made: 100,
  lookedFor: 100,
  lost: 0,
  taken: {},
  errors: {},
  rssMib: 100,
  descriptors: 20,
  enqueueMs: [5],
  ...over,
});
const own = (of: (at: number) => Partial<Sample>) =>
  Array.from({ length: 13 }, (_, at) => sample({ isLast: at === 12, ...of(at) }));
const judged = (samples: readonly Sample[], over: Partial<Soaked> = {}) =>
  judge({
    kind: 'file',
    samples: [samples],
    walBytesMax: 1_000,
    died: 0,
    stuck: 0,
    left: { all: 100, open: 0, completed: 80 },
    wrong: [],
    ...over,
  }).faults;
const told = (over: Partial<Sample>) => judged(own(() => over));
const shown = (over: Partial<Soaked>) =>
  judged(
    own(() => ({})),
    over,
  );

it('a soak is well that loses nothing, keeps all, meets no error, and does not grow', () => {
  expect(judged(own((at) => ({ descriptors: 20 + (at % 3), rssMib: 100 + (at % 4) })))).toEqual([]);
});

it('a soak tells what it has lost, and what was not looked for', () => {
  expect(told({ lost: 1 })).toEqual(['1 acknowledged and not there']);
  expect(told({ lookedFor: 99 })).toEqual([]);
  expect(told({ lookedFor: 98 })).toEqual(['2 of 100 were never looked for']);
  expect(told({ made: 0, lookedFor: 0 })).toEqual(['nothing was made']);
});

it('a soak tells what was not kept, and runs that were refused without a cause', () => {
  const open = { all: 100, open: 3, completed: 80 };
  expect(shown({ left: open })).toEqual(['3 promises were never settled']);
  const few = { all: 100, open: 0, completed: 49 };
  expect(shown({ left: few })).toEqual(['no more than 49 of 100 were completed']);
  const none = { all: 0, open: 0, completed: 0 };
  expect(shown({ left: none })).toEqual(['no more than 0 of 0 were completed']);
  expect(told({ taken: { 'settlement-refused': 6, 'lease-lost': 4 } })).toEqual([]);
  expect(told({ taken: { 'settlement-refused': 7, 'lease-lost': 4 } })).toEqual([
    '11 runs were refused, and 10 promises cancelled',
  ]);
  expect(told({ taken: { recovered: 1, 'lease-lost': 1 } })).toEqual(['1 promises were recovered']);
});

it('a soak on a file tells every error', () => {
  for (const error of ['database-busy: it was', 'database-timeout: N ms', 'unexpected: no such']) {
    expect(told({ errors: { [error]: 2 } })).toEqual([`2 errors ${error}`]);
  }
});

it('a soak on a server forgives the weather, in one call of a hundred, and nothing else', () => {
  const onServer = (errors: Sample['errors']) =>
    judged(
      own(() => ({ errors })),
      { kind: 'sqld' },
    );
  const weather = 'commit-unknown: the answer was lost';
  expect(onServer({ [weather]: 2, 'settlement-delayed: database-timeout: it was': 2 })).toEqual([]);
  expect(onServer({ [weather]: 3, 'settlement-delayed: database-timeout: it was': 2 })).toEqual([
    '5 errors of 410 calls',
  ]);
  const waited = 'executor-waits: database-busy: promises.claim waited N ms for the write lock';
  const bug = 'unexpected: Cannot read properties of undefined';
  for (const error of [waited, bug, `executor-waits: ${bug}`, 'settlement-lost: N']) {
    expect(onServer({ [error]: 1 })).toEqual([`1 errors ${error}`]);
  }
});

it('a soak tells what grows, who died, and what is wrong with the database', () => {
  expect(judged(own((at) => ({ descriptors: 20 + 2 * at })))).toEqual(['8 file descriptors more']);
  expect(judged(own((at) => ({ rssMib: 100 + 20 * at })))).toEqual(['memory grew by 80 MiB']);
  const atTheEnd = own((at) => ({ isLast: at > 9, descriptors: at > 9 ? 200 : 20 }));
  expect(judged(atTheEnd)).toEqual([]);
  expect(shown({ walBytesMax: 40_000_000 })).toEqual(['the WAL grew to 40000000 bytes']);
  expect(shown({ walBytesMax: 40_000_000, kind: 'sqld' })).toEqual([]);
  expect(shown({ walBytesMax: 0 })).toEqual(['no WAL was seen']);
  expect(shown({ died: 1 })).toEqual(['1 processes ended']);
  expect(shown({ stuck: 2 })).toEqual(['2 processes did not come to their end']);
  expect(shown({ wrong: ['a set left behind'] })).toEqual(['a set left behind']);
});
