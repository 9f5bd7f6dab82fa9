import { expect, it } from 'vitest';
import { VirtualClock } from '../../src/testing/index.js';
import { StreamLimits } from './stream-limits.js';

const refused = (code: string, message: string) =>
  expect.objectContaining({
    code,
    message,
    retryable: true,
    details: { retryAfterMs: 10_000 },
  });
const keyIsFull = (streams: number) =>
  refused('too-many-streams', `this key has ${streams} streams open, and may have ${streams}`);

it('refuses a key more streams than it may have, and all of them more than there are', () => {
  const limits = new StreamLimits({ inAll: 3, perKey: 2 });
  const close = limits.open('a');
  limits.open('a');
  expect(() => limits.open('a')).toThrow(keyIsFull(2));
  limits.open('b');
  expect(() => limits.open('c')).toThrow(refused('streams-full', 'all of the 3 streams are taken'));
  close();
  close();
  limits.open('c');
  expect(limits.size).toBe(3);
});

it('forgets a stream whose time is over, where none is open for longer', async () => {
  const clock = new VirtualClock();
  const limits = new StreamLimits({ inAll: 2, perKey: 1, lifetimeMs: 60_000 }, clock);
  limits.open('a');
  await clock.advance(59_999);
  expect(() => limits.open('a')).toThrow(keyIsFull(1));
  await clock.advance(1);
  limits.open('a');
  expect(limits.size).toBe(1);
});

it('keeps a stream for ever where streams may last so long', async () => {
  const clock = new VirtualClock();
  const limits = new StreamLimits({ inAll: 2, perKey: 1 }, clock);
  limits.open('a');
  await clock.advance(86_400_000);
  expect(() => limits.open('a')).toThrow(keyIsFull(1));
});
