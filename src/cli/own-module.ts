import { pathToFileURL } from 'node:url';

/**
 * Imports a file of the user's. The loader of TypeScript costs a second of the processor's time: only
 * who brings a TypeScript file pays for it.
 * @param path absolute
 */
export async function importOwn(path: string): Promise<Record<string, unknown>> {
  if (/\.[mc]?tsx?$/.test(path)) await import(new URL('./typescript.mjs', import.meta.url).href);
  return await import(pathToFileURL(path).href);
}
