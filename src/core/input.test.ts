import { expect, it } from 'vitest';
import { z } from 'zod';
import { InputInvalidError } from './errors.js';
import { inputIssues, parseInput } from './input.js';

const order = z.object({ lines: z.array(z.object({ count: z.int('must be whole') })) });

function issuesOf(schema: z.ZodType, value: unknown, prefix?: string) {
  const { error } = schema.safeParse(value);
  if (error === undefined) throw new Error('it is valid');
  return inputIssues(error, value, prefix);
}

it('gives what was parsed', () => {
  expect(parseInput(z.string().transform(Number), '7')).toBe(7);
});

it('names the field, the rule and the value', () => {
  const wrong = { lines: [{ count: 1 }, { count: 1.5 }] };
  const issue = { path: 'lines.1.count', rule: 'must be whole', received: '1.5' };
  expect(issuesOf(order, wrong)).toEqual([issue]);
  expect(issuesOf(order, wrong, 'payload')).toEqual([{ ...issue, path: 'payload.lines.1.count' }]);
  expect(() => parseInput(order, wrong)).toThrow(new InputInvalidError([issue]));
  expect(() => parseInput(order, wrong, 'payload')).toThrow(
    new InputInvalidError([{ ...issue, path: 'payload.lines.1.count' }]),
  );
});

it('names the whole by its prefix, or by nothing', () => {
  expect(issuesOf(z.string('must be text'), 7)).toMatchObject([{ path: '' }]);
  expect(issuesOf(z.string('must be text'), 7, 'payload')).toMatchObject([{ path: 'payload' }]);
});

it('says what is not there, and what no JSON has', () => {
  const text = z.string('must be text');
  const received = (value: unknown) => issuesOf(text, value)[0]?.received;
  expect(received(undefined)).toBe('nothing');
  expect(received(null)).toBe('null');
  expect(received(Symbol('mark'))).toBe('Symbol(mark)');
  const field = z.object({ a: text });
  expect(issuesOf(field, {})).toMatchObject([{ path: 'a', received: 'nothing' }]);
  const deep = z.unknown().superRefine((_value, context) => {
    context.addIssue({ code: 'custom', path: ['a', 'b', 'c'], message: 'must be there' });
  });
  for (const value of ['text', null, { a: null }, { a: { b: 7 } }])
    expect(issuesOf(deep, value)).toMatchObject([{ path: 'a.b.c', received: 'nothing' }]);
});

it('shows the beginning of what is long', () => {
  const received = (length: number) => issuesOf(z.number(), 'x'.repeat(length))[0]?.received;
  expect(received(98)).toBe(`"${'x'.repeat(98)}"`);
  expect(received(99)).toBe(`"${'x'.repeat(98)}…`);
});
