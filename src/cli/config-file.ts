import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HoldfastConfig } from '../../functions/config.js';
import { HoldfastError, messageOf } from '../core/index.js';

const NAMES = [
  'holdfast.config.ts',
  'holdfast.config.mts',
  'holdfast.config.js',
  'holdfast.config.mjs',
];

/** The configuration of `directory`; without a file none, so that only the built-in tasks are there. */
export async function loadConfig(directory: string): Promise<HoldfastConfig> {
  const path = NAMES.map((name) => join(directory, name)).find((candidate) =>
    existsSync(candidate),
  );
  if (path === undefined) return {};
  const url = pathToFileURL(path);
  try {
    const { default: config } = (await import(url.href)) as { default?: HoldfastConfig };
    if (config !== undefined) return config;
  } catch (cause) {
    throw new HoldfastError(
      'setting-invalid',
      `${url.pathname} cannot be loaded: ${messageOf(cause)}`,
      { cause },
    );
  }
  throw new HoldfastError(
    'setting-invalid',
    `${url.pathname} has no default export; export default defineConfig({ … })`,
  );
}
