import { z } from 'zod';
import type { SqlValue } from '../db/index.js';

/**
 * Tenants share tables and never see each other's rows. A promise's tenant stands in
 * front of its queue's name, `@tenant/queue`, and nowhere else; names of the default
 * tenant are stored as they are, and none of those can start with `@`.
 */
export const tenantName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
  error: 'must be 1 to 63 lower-case letters, digits and "-", with "-" only inside',
});

/** What somebody may see: one tenant's queues, all of them or those of a list. */
export interface Scope {
  /** Empty is the default tenant. */
  readonly tenant: string;
  /** As the tenant calls them; null is all. */
  readonly queues: readonly string[] | null;
}

/** A tenant's name for a queue or a schedule, as it is stored. */
export function storedName(tenant: string, name: string): string {
  return tenant === '' ? name : `@${tenant}/${name}`;
}

/** The tenant of a stored name. */
export function tenantOf(stored: string): string {
  return stored.startsWith('@') ? stored.slice(1, stored.indexOf('/')) : '';
}

/** A stored name as its tenant calls it. */
export function localName(stored: string): string {
  return stored.startsWith('@') ? stored.slice(stored.indexOf('/') + 1) : stored;
}

/** What makes promises of one tenant one: apart from every other tenant's, whatever the key. */
export function tenantKey(tenant: string, key: string): string {
  return tenant === '' && !key.startsWith('@') ? key : `@${tenant}/${key}`;
}

/** True for a stored queue that is in the scope. */
export function isInScope({ tenant, queues }: Scope, stored: string): boolean {
  return tenantOf(stored) === tenant && (queues === null || queues.includes(localName(stored)));
}

/** Between these a tenant's names stand, and no others; the default tenant's stand outside of all. */
interface Range {
  readonly from: string;
  readonly to: string;
  readonly isInside: 0 | 1;
}

export function rangeOf(tenant: string): Range {
  // "A" and "0" follow "@" and "/".
  if (tenant === '') return { from: '@', to: 'A', isInside: 0 };
  return { from: `@${tenant}/`, to: `@${tenant}0`, isInside: 1 };
}

/** A condition on the column of a stored name; `first` is the number of its first of four parameters. */
export function inScope(column: string, first: number): string {
  const [from, to, isInside, names] = [0, 1, 2, 3].map((at) => `?${first + at}`);
  return `(${column} >= ${from} AND ${column} < ${to}) = ${isInside}
  AND (${names} IS NULL OR ${column} IN (SELECT value FROM json_each(${names})))`;
}

/** The four parameters of `inScope`. Without a scope all is in it. */
export function scopeArgs(scope: Scope | undefined): SqlValue[] {
  if (scope === undefined) return ['', '', 0, null];
  const { from, to, isInside } = rangeOf(scope.tenant);
  const names = scope.queues?.map((name) => storedName(scope.tenant, name));
  return [from, to, isInside, names === undefined ? null : JSON.stringify(names)];
}
