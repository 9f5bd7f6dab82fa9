import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';

const LENGTH_MAX = 1_000;

/**
 * A parameter that is a path inside `directory`: relative to it, without `..`, and not by a
 * symbolic link out of it. What it leads to need not be there. Parsed to the absolute path.
 */
export function pathInside(directory: string): z.ZodType<string, string> {
  return z
    .string()
    .min(1)
    .max(LENGTH_MAX)
    .transform((path, context) => {
      const inside = insideOf(directory, path);
      if (inside !== undefined) return inside;
      const message = 'must be a path inside its directory, without ".." and links out of it';
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    });
}

function insideOf(directory: string, path: string): string | undefined {
  const isPlain = !path.includes('\0') && !isAbsolute(path);
  if (!isPlain || path.split(/[\\/]/).includes('..')) return undefined;
  const root = realPathOf(resolve(directory));
  if (root === undefined) return undefined;
  const whole = resolve(root, path);
  const real = realPathOf(whole);
  return real === root || real?.startsWith(root === '/' ? root : `${root}/`) ? whole : undefined;
}

/** With all links followed, as far as the path is there; undefined when a link leads nowhere. */
function realPathOf(path: string): string | undefined {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    const above = realPathOf(dirname(path));
    return above === undefined ? undefined : join(above, basename(path));
  }
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
