import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partsOf } from './text-parts.js';

test('a short text is one part, and no text is none', () => {
  expect(partsOf(' short ')).toEqual(['short']);
  expect(partsOf(' \n ')).toEqual([]);
});

test('a long one is cut where something ends', () => {
  expect(partsOf('aaaa aaa\n\nbbbb. bbb', 12)).toEqual(['aaaa aaa', 'bbbb. bbb']);
  expect(partsOf('aaaaaaa. bbbb', 12)).toEqual(['aaaaaaa.', 'bbbb']);
  expect(partsOf('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
  expect(partsOf('🌍🌍🌍', 3)).toEqual(['🌍', '🌍', '🌍']);
});

test('whatever the text, nothing but space is lost, and no part is too long', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.integer({ min: 4, max: 40 }),
      (text, max) => {
        const parts = partsOf(text, max);
        expect(parts.join('').replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''));
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(max);
          expect(part.isWellFormed()).toBe(true);
        }
      },
    ),
  );
});
