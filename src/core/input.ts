import type { z } from 'zod';
import { InputInvalidError, type InputIssue } from './errors.js';

/**
 * Parses what came over a border. `prefix` goes before each path, for example
 * `payload`.
 * @throws InputInvalidError naming each field, its rule and the value received
 */
export function parseInput<S extends z.ZodType>(
  schema: S,
  value: unknown,
  prefix = '',
): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InputInvalidError(inputIssues(parsed.error, value, prefix));
}

/** The issues of a failed parse, in the words of the API. */
export function inputIssues(error: z.ZodError, input: unknown, prefix = ''): InputIssue[] {
  return error.issues.map((issue) => ({
    path: [...(prefix === '' ? [] : [prefix]), ...issue.path.map(String)].join('.'),
    rule: issue.message,
    received: show(valueAt(input, issue.path)),
  }));
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const whole = JSON.stringify(value) ?? String(value);
  return whole.length <= 100 ? whole : `${whole.slice(0, 99)}…`;
}
