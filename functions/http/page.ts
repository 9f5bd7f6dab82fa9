import { z } from 'zod';

/** Items in one page of a list. */
const PAGE = { default: 50, max: 100 } as const;
const LIMIT_RULE = `must be a whole number from 1 to ${PAGE.max}`;

/** The query parameters that every list takes. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, { error: LIMIT_RULE })
    .transform(Number)
    .refine((value) => value >= 1 && value <= PAGE.max, { error: LIMIT_RULE })
    .prefault(String(PAGE.default))
    .describe(LIMIT_RULE),
  cursor: z.string().optional().describe('the nextCursor of the page before'),
} as const;

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the fields that were not given. */
export function definedOf<T extends object>(fields: T): Defined<T> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Defined<T>;
}
