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
export const json = z.custom<Json>().superRefine((value, context) => {
  if (isSound(value, 0)) return;
  const fault = findFault(value);
  if (fault === undefined) return;
  context.addIssue({ code: 'custom', path: [...fault.path], message: fault.rule });
});

type Path = readonly (string | number)[];

interface Fault {
  readonly path: Path;
  readonly rule: string;
}

/**
 * True for what `findFault` finds nothing in: no path is kept, which is most of its cost. The
 * depth is bounded, and with it the stack.
 */
function isSound(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value !== 'object' || value === null) return faultOf(value, depth) === undefined;
  if (faultOf(value, depth) !== undefined) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!isSound(item, depth + 1)) return false;
    return true;
  }
  for (const key of Object.keys(value)) {
    if (!isStorable(key) || !isSound((value as Record<string, unknown>)[key], depth + 1)) {
      return false;
    }
  }
  return true;
}

/** Not recursive: a body of brackets must not overflow the stack. */
function findFault(root: unknown): Fault | undefined {
  const open: { readonly value: unknown; readonly path: Path }[] = [{ value: root, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    const rule = faultOf(value, path.length);
    if (rule !== undefined) return { path: path.length >= JSON_DEPTH_MAX ? [] : path, rule };
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, item] of entriesOf(value)) {
      if (typeof key === 'string' && !isStorable(key)) return { path, rule: `keys ${TEXT_RULE}` };
      open.push({ value: item, path: [...path, key] });
    }
  }
  return undefined;
}

function faultOf(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case 'string':
      return isStorable(value) ? undefined : TEXT_RULE;
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : 'must be a finite number';
    case 'object': {
      if (value === null) return undefined;
      if (depth >= JSON_DEPTH_MAX) return `must be nested at most ${JSON_DEPTH_MAX} deep`;
      const isPlain =
        Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value));
      return isPlain ? undefined : 'must be JSON: a plain object or array';
    }
    default:
      return 'must be JSON';
  }
}

function entriesOf(value: object): Iterable<[string | number, unknown]> {
  return Array.isArray(value) ? value.entries() : Object.entries(value);
}
