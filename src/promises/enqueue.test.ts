import { expect, test } from 'vitest';
import { prepareEnqueue } from './enqueue.js';
import { type NewPromise, newPromise } from './promise.js';

const PLAIN = { id: '01890a5d-ac96-774b-bcce-b302099a8057', type: 'x' };
const KEY = 'k';

/** Fields that are no part of the shape. */
const UNSHAPED = ['queue', 'key', 'payload', 'tags', 'callbackUrl', 'origin'];

const OTHER: Readonly<Partial<NewPromise>> = {
  type: 'y',
  priority: 1,
  runAt: 1,
  delay: 1,
  metadata: { a: 1 },
  maxAttempts: 1,
  backoff: { kind: 'fixed', delay: 1 },
  timeout: 1,
  expiresAt: 1,
  concurrencyKey: 'c',
  dependsOn: ['a'],
  unique: { scope: 'pending' },
  debounce: { wait: 5 },
  throttle: 5,
};

const FIELDS = Object.keys(newPromise.shape).filter((field) => !UNSHAPED.includes(field));

test.each(FIELDS)('a promise with another %s is not taken for the one before', (field) => {
  const given = field === 'onParentFailure' ? { dependsOn: ['a'] } : {};
  const before = prepareEnqueue({ ...PLAIN, ...given }, KEY);
  const value = field === 'onParentFailure' ? 'run' : OTHER[field as keyof NewPromise];
  expect([field, value]).not.toEqual([field, undefined]);
  const after = prepareEnqueue({ ...PLAIN, ...given, [field]: value }, KEY);
  expect(after.shape).not.toBe(before.shape);
  expect(after.columns).not.toEqual(before.columns);
});

test('promises alike share one text; another queue or key is another', () => {
  const first = prepareEnqueue({ ...PLAIN, payload: 1 }, null);
  const alike = prepareEnqueue({ ...PLAIN, payload: 2, key: 'a' }, null);
  expect(alike.columns).toBe(first.columns);
  expect(alike.payload).toBe('2');
  expect(prepareEnqueue({ ...PLAIN, queue: 'q' }, null).shape).not.toBe(first.shape);
  expect(prepareEnqueue(PLAIN, KEY).shape).not.toBe(first.shape);
});
