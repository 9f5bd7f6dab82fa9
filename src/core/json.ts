import { z } from 'zod';

/** What JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Deeper nesting is refused: libSQL calls JSON nested 1,000 deep malformed, for the whole set (F13). */
export const JSON_DEPTH_MAX = 64;

const TEXT_RULE = 'must be well-formed Unicode without U+0000';

/** True for a string that every topology stores and gives back unchanged (F13). */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

/** A string of `min` to `max` UTF-16 units that is safe to store. */
export function text(min: number, max: number) {
  return z.string().min(min).max(max).refine(isStorable, { error: TEXT_RULE });
}

/** Any JSON value that is safe to store: bounded depth, well-formed strings and keys. */
export const json = z.json().superRefine((value, context) => {
  const fault = findFault(value as Json, []);
  if (fault !== undefined) {
    context.addIssue({ code: 'custom', path: fault.path, message: fault.rule, input: fault.value });
  }
});

interface Fault {
  readonly path: (string | number)[];
  readonly rule: string;
  readonly value: Json;
}

function findFault(value: Json, path: (string | number)[]): Fault | undefined {
  if (typeof value === 'string')
    return isStorable(value) ? undefined : { path, rule: TEXT_RULE, value };
  if (typeof value !== 'object' || value === null) return undefined;
  if (path.length >= JSON_DEPTH_MAX) {
    return { path: [], rule: `must be nested at most ${JSON_DEPTH_MAX} deep`, value: '…' };
  }
  const entries: Iterable<[string | number, Json]> = Array.isArray(value)
    ? value.entries()
    : Object.entries(value as Readonly<Record<string, Json>>);
  for (const [key, item] of entries) {
    if (typeof key === 'string' && !isStorable(key))
      return { path, rule: `keys ${TEXT_RULE}`, value: key };
    const fault = findFault(item, [...path, key]);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
