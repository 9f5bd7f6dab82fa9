import { expect, it } from 'vitest';
import { jitterOf } from './jitter.js';

const START = 1_893_456_000_000;
const MINUTE = 60_000;

it('is none where none is wanted', () => {
  expect(jitterOf('nightly', START, 0)).toBe(0);
});

/** Instances of two versions fire the same slot: whoever is second must not move its promise. */
it('is the same for the same schedule and slot, in every version', () => {
  expect(jitterOf('nightly', START, MINUTE)).toBe(12_966);
  expect(jitterOf('nightly', START + MINUTE, MINUTE)).toBe(9_699);
  expect(jitterOf('weekly', START, MINUTE)).toBe(57_945);
  expect(jitterOf('é🎉', 0, 86_400_000)).toBe(85_127_061);
});

it('is spread over all that is allowed, its ends too', () => {
  const seen = new Set<number>();
  for (let slot = 0; slot < 200; slot += 1) seen.add(jitterOf('nightly', START + slot * MINUTE, 3));
  expect([...seen].sort()).toEqual([0, 1, 2, 3]);
  const halves = [0, 0];
  for (let slot = 0; slot < 1_000; slot += 1) {
    const isLate = jitterOf('nightly', START + slot * MINUTE, MINUTE) > MINUTE / 2;
    halves[Number(isLate)] = (halves[Number(isLate)] ?? 0) + 1;
  }
  expect(Math.min(...halves)).toBeGreaterThan(400);
});
