import { z } from 'zod';
import { parseInput } from '../core/index.js';

/** One page of a list, newest first. */
export interface Page<T> {
  readonly data: readonly T[];
  /** Give it back as `cursor` for the next page; null on the last. */
  readonly nextCursor: string | null;
}

const pageAsk = z.strictObject({
  /** 1 to 100. Default 50. */
  limit: z.int().min(1).max(100).default(50),
  /** The `nextCursor` of the page before. */
  cursor: z.uuid({ error: 'must be the nextCursor of an earlier page' }).optional(),
});

export type PageAsk = z.input<typeof pageAsk>;

/** What to bind: one row more than asked for tells whether there is another page. */
export function pageBounds(ask: PageAsk): { limit: number; rows: number; before: string | null } {
  const { limit, cursor } = parseInput(pageAsk, ask);
  return { limit, rows: limit + 1, before: cursor ?? null };
}

export function pageOf<T extends { readonly id: string }>(
  found: readonly T[],
  limit: number,
): Page<T> {
  const data = found.slice(0, limit);
  return { data, nextCursor: found.length > limit ? (data.at(-1)?.id ?? null) : null };
}
