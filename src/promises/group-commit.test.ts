import { expect, test } from 'vitest';
import { soon } from '../../test/support/soon.js';
import { HoldfastError, systemClock } from '../core/index.js';
import { DatabaseBusyError } from '../db/index.js';
import { Again, GroupCommit } from './group-commit.js';

interface Write {
  readonly set: readonly string[];
  readonly deadlineMs: number;
  readonly resolve: (outcomes: (string | Again<string>)[]) => void;
  readonly reject: (error: Error) => void;
}

function open(deadlineMs: number) {
  const time = { now: 0 };
  const writes: Write[] = [];
  const group = new GroupCommit<string, string>(
    (set, ms) =>
      new Promise((resolve, reject) => writes.push({ set, deadlineMs: ms, resolve, reject })),
    (items) => [[...items]],
    { label: 'test', deadlineMs, clock: { ...systemClock, monotonic: () => time.now } },
  );
  const nextWrite = async (index: number): Promise<Write> => {
    await soon(() => expect(writes.length).toBeGreaterThan(index));
    return writes[index] as Write;
  };
  return { time, group, writes, nextWrite };
}

const busy = () => new DatabaseBusyError('test', 100, { label: 'other', heldMs: 100 });

test('what arrives in one turn is one write', async () => {
  const { group, nextWrite } = open(100);
  const made = Promise.all([group.add(['a']), group.add(['b']), group.add(['c', 'd'])]);
  const { set, deadlineMs, resolve } = await nextWrite(0);
  expect([set, deadlineMs]).toEqual([['a', 'b', 'c', 'd'], 100]);
  resolve(['A', 'B', 'C', 'D']);
  expect(await made).toEqual([['A'], ['B'], ['C', 'D']]);
});

test('nothing is no write, and has no outcomes', async () => {
  const { group, writes } = open(100);
  expect(await group.add([])).toEqual([]);
  expect([group.isDue, writes.length]).toEqual([false, 0]);
});

test('a write is due from its first item until it begins', async () => {
  const { group, nextWrite } = open(100);
  const first = group.add(['a']);
  expect(group.isDue).toBe(true);
  const { resolve } = await nextWrite(0);
  const second = group.add(['b']);
  expect(group.isDue).toBe(false);
  resolve(['A']);
  await first;
  const next = await nextWrite(1);
  next.resolve(['B']);
  expect(await second).toEqual(['B']);
  await soon(() => expect(group.isDue).toBe(false));
  void group.add(['c']);
  expect(group.isDue).toBe(true);
});

test('what is cut into sets is written set by set, and answered by call', async () => {
  const writes: (readonly string[])[] = [];
  const group = new GroupCommit<string, string>(
    (set) => {
      writes.push(set);
      return Promise.resolve(set.map((item) => item.toUpperCase()));
    },
    (items) => items.map((item) => [item]),
    { label: 'test', deadlineMs: 100 },
  );
  expect(await Promise.all([group.add(['a', 'b']), group.add(['c'])])).toEqual([['A', 'B'], ['C']]);
  expect(writes).toEqual([['a'], ['b'], ['c']]);
});

test('more than can wait are told to come again', async () => {
  const { group, nextWrite } = open(100);
  const first = group.add(['a']);
  const { reject } = await nextWrite(0);
  const many = group.add(Array.from({ length: 50_000 }, () => 'b'));
  await expect(group.add(['c'])).rejects.toMatchObject({
    code: 'database-busy',
    details: { label: 'test', waitedMs: 0, heldBy: 'test', heldMs: 0 },
  });
  reject(busy());
  await expect(first).rejects.toThrow(DatabaseBusyError);
  const next = await nextWrite(1);
  next.reject(busy());
  await expect(many).rejects.toThrow(DatabaseBusyError);
});

test.each(['commit-unknown', 'transaction-expired', 'database-timeout'] as const)(
  'an error of the database as a whole (%s) is told to all, and nobody is tried alone',
  async (code) => {
    const { group, writes, nextWrite } = open(100);
    const both = Promise.allSettled([group.add(['a']), group.add(['b'])]);
    const { reject } = await nextWrite(0);
    reject(new HoldfastError(code, 'not well'));
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(writes).toHaveLength(1);
  },
);

test('nobody waits longer than the deadline, whatever was before', async () => {
  const { time, group, writes, nextWrite } = open(100);
  const first = group.add(['a']);
  const { reject } = await nextWrite(0);
  time.now = 60;
  const second = group.add(['b']);
  time.now = 100;
  reject(busy());
  await expect(first).rejects.toThrow(DatabaseBusyError);
  // It has waited for 40 already.
  const { set, deadlineMs, reject: rejectSecond } = await nextWrite(1);
  expect([set, deadlineMs]).toEqual([['b'], 60]);
  time.now = 110;
  const third = group.add(['c']);
  time.now = 205;
  const fourth = group.add(['d']);
  time.now = 210;
  rejectSecond(busy());
  await expect(second).rejects.toThrow(DatabaseBusyError);
  // The third's time is over: it is not tried, and does not hold up the fourth.
  await expect(third).rejects.toThrow(DatabaseBusyError);
  const last = await nextWrite(2);
  expect([last.set, last.deadlineMs]).toEqual([['d'], 95]);
  last.resolve(['D']);
  expect(await fourth).toEqual(['D']);
  expect(writes).toHaveLength(3);
});

test('an error of one item splits the set until that one stands alone', async () => {
  const { group, nextWrite } = open(100);
  const made = Promise.allSettled(['a', 'bad', 'c'].map((item) => group.add([item])));
  for (let index = 0; index < 5; index += 1) {
    const { set, resolve, reject } = await nextWrite(index);
    if (set.includes('bad')) reject(new Error('bad'));
    else resolve(set.map((item) => item.toUpperCase()));
  }
  expect((await made).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('an item that must be tried again goes into the next write, its time going on', async () => {
  const { time, group, nextWrite } = open(100);
  const made = group.add(['a', 'b']);
  const first = await nextWrite(0);
  time.now = 30;
  first.resolve(['A', new Again('b, once more')]);
  const { set, deadlineMs, resolve } = await nextWrite(1);
  expect([set, deadlineMs]).toEqual([['b, once more'], 70]);
  resolve(['B']);
  expect(await made).toEqual(['A', 'B']);
});
