import { expect, test } from 'vitest';
import { HoldfastError } from '../core/index.js';
import { DatabaseBusyError } from '../db/index.js';
import type { Operation } from './operation.js';
import { Passengers } from './passengers.js';

const operationOf = (name: string): Operation<string> => ({
  statements: [{ sql: name }],
  read: () => name,
});

function open() {
  const state = { isDue: false, alone: [] as string[] };
  const passengers = new Passengers<string>(
    () => state.isDue,
    async ({ statements: [statement] }) => {
      state.alone.push(statement?.sql ?? '');
      return `${statement?.sql} alone`;
    },
  );
  return { state, passengers };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('goes alone when nothing else is written in its turn', async () => {
  const { passengers } = open();
  expect(await passengers.ride(operationOf('claim'))).toBe('claim alone');
  expect(passengers.board()).toEqual([]);
});

test('goes with the write that begins in its turn, and only with that', async () => {
  const { state, passengers } = open();
  state.isDue = true;
  const riding = passengers.ride(operationOf('claim'));
  const [passenger, ...more] = passengers.board();
  expect(more).toEqual([]);
  passenger?.part.read([]);
  expect(await riding).toBe('claim');
  await nextTurn();
  passenger?.strand(new HoldfastError('constraint-violated', 'after it'));
  expect(state.alone).toEqual([]);
});

test('an answer that cannot be read is told to who asked, and to nobody else', async () => {
  const { state, passengers } = open();
  state.isDue = true;
  const damaged = new HoldfastError('database-corrupt', 'a page is gone');
  const riding = passengers.ride({
    statements: [],
    read: () => {
      throw damaged;
    },
  });
  expect(passengers.board()[0]?.part.read([])).toBeUndefined();
  await expect(riding).rejects.toBe(damaged);
});

test('goes alone when the write that was due never begins', async () => {
  const { state, passengers } = open();
  state.isDue = true;
  const riding = passengers.ride(operationOf('claim'));
  await nextTurn();
  await nextTurn();
  expect(state.alone).toEqual([]);
  state.isDue = false;
  expect(await riding).toBe('claim alone');
});

test('goes alone when what the others had in the write was to blame', async () => {
  const { state, passengers } = open();
  state.isDue = true;
  const riding = passengers.ride(operationOf('claim'));
  passengers.board()[0]?.strand(new HoldfastError('constraint-violated', 'theirs'));
  expect(await riding).toBe('claim alone');
});

test('fails with the write when the database was to blame', async () => {
  const { state, passengers } = open();
  state.isDue = true;
  const riding = passengers.ride(operationOf('claim'));
  const busy = new DatabaseBusyError('settle', 100, { label: 'other', heldMs: 100 });
  passengers.board()[0]?.strand(busy);
  await expect(riding).rejects.toBe(busy);
  expect(state.alone).toEqual([]);
});
