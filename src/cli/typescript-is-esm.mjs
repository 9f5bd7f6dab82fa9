/**
 * Makes every TypeScript file an ES module, whatever the `type` of its package:
 * as CommonJS a user's configuration would get a second instance of this package,
 * whose errors and verdicts the first does not know.
 */
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  const isTypeScript = /\.[mc]?tsx?(\?|$)/.test(resolved.url);
  return isTypeScript ? { ...resolved, format: 'module' } : resolved;
}
