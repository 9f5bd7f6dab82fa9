import { describe, expect, it } from 'vitest';
import { isStorable, JSON_DEPTH_MAX, json, text } from './json.js';

const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

describe('json', () => {
  it.each([null, true, 0, -1.5, '', 'é🎉', [], {}, [1, { a: [null] }], nested(JSON_DEPTH_MAX)])(
    'takes %j as it is',
    (value) => expect(json.parse(value)).toBe(value),
  );

  it.each([
    ['a lone surrogate', { a: ['x', '\ud800'] }, 'a.1', /well-formed/],
    ['U+0000', { a: '\u0000' }, 'a', /U\+0000/],
    ['a key with U+0000', { a: { 'b\u0000': 1 } }, 'a', /keys/],
    ['too deep', nested(JSON_DEPTH_MAX + 1), '', /at most 64 deep/],
    ['far too deep', nested(100_000), '', /at most 64 deep/],
    ['no number', [Number.NaN], '0', /finite/],
    ['undefined', undefined, '', /JSON/],
    ['a bigint', [1n], '0', /JSON/],
    ['a date', { at: new Date(0) }, 'at', /plain/],
  ])('refuses %s and says where', (_what, value, path, rule) => {
    const issue = json.safeParse(value).error?.issues[0];
    expect(issue?.path.join('.')).toBe(path);
    expect(issue?.message).toMatch(rule);
  });

  it('takes a thousand levels of siblings without overflow', () => {
    expect(json.safeParse(Array.from({ length: 100_000 }, () => [1])).success).toBe(true);
  });
});

describe('text', () => {
  it('counts UTF-16 units and refuses what the database cannot keep', () => {
    expect(text(1, 2).safeParse('').success).toBe(false);
    expect(text(1, 2).safeParse('🎉').success).toBe(true);
    expect(text(1, 2).safeParse('abc').success).toBe(false);
    expect(text(1, 9).safeParse('a\u0000').success).toBe(false);
    expect(isStorable('\udfff')).toBe(false);
  });
});
