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
