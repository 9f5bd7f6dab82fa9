import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HoldfastConfig } from '../../functions/config.js';
import { HoldfastError, messageOf } from '../core/index.js';
import { importOwn } from './own-module.js';

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
  try {
    const { default: config } = (await importOwn(path)) as { default?: HoldfastConfig };
    if (config !== undefined) return config;
  } catch (cause) {
    const message = `${path} cannot be loaded: ${messageOf(cause)}`;
    throw new HoldfastError('setting-invalid', message, { cause });
  }
  throw new HoldfastError(
    'setting-invalid',
    `${path} has no default export; export default defineConfig({ … })`,
  );
}
