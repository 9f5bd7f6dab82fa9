import { HoldfastError } from '../../src/core/index.js';
import type { Services } from '../services.js';

/** Paths that are answered whether or not there is a database. */
export const NEEDS_NO_DATABASE: ReadonlySet<string> = new Set([
  '/healthz',
  '/openapi.json',
  '/docs',
  '/sign-in',
  '/sign-out',
  '/assets/uplot.js',
  '/assets/uplot.css',
  '/assets/charts.js',
]);

/** What tells of databases that are away. */
const TELLS_OF_DATABASES: ReadonlySet<string> = new Set([
  '/v1/health',
  '/v1/telemetry',
  '/readyz',
  '/metrics',
]);

/**
 * Lets an operation pass that the database is ready for, or that needs none.
 * @throws HoldfastError `database-unavailable`
 */
export function requireSchema({ isSchemaUpToDate }: Services, path: string): void {
  if (isSchemaUpToDate() || NEEDS_NO_DATABASE.has(path) || TELLS_OF_DATABASES.has(path)) return;
  const message = 'the queue database has not answered yet: its schema may not be up to date';
  throw new HoldfastError('database-unavailable', message, { retryable: true });
}
