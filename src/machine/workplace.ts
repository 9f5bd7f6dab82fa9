import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { HoldfastError } from '../core/index.js';
import type { Guard } from './guard.js';

/** Where runs happen: what they are started with. */
export interface Workplace {
  /** What the configuration's paths are relative to. */
  readonly directory: string;
  /** The worker's own environment: little of it goes along. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly guard: Guard;
}

/** What programs need to be found and to write. Nothing that could be a secret of the worker's. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

export interface RunSettings {
  readonly directory: string;
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What the settings of a run mean on this machine. */
export function placed(settings: RunSettings, { directory, env }: Workplace): RunSettings {
  const passed = PASSED_ON.flatMap((key) => {
    const value = env[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  const where = resolve(directory, settings.directory);
  const program = settings.program.includes('/')
    ? resolve(where, settings.program)
    : settings.program;
  const own = { NO_COLOR: '1', ...Object.fromEntries(passed), ...settings.env };
  return { directory: where, program, env: own };
}

/**
 * Refuses what could never run, before anything is claimed.
 * @param path of the settings in the configuration
 * @throws HoldfastError `setting-invalid`
 */
export function requireRunnable(path: string, settings: RunSettings, workplace: Workplace): void {
  const { directory, program, env } = placed(settings, workplace);
  if (!isDirectory(directory)) {
    const received = JSON.stringify(settings.directory);
    throw fault(`${path}.directory: must be a directory (received ${received})`);
  }
  const places = isAbsolute(program)
    ? [program]
    : (env.PATH ?? '').split(delimiter).map((place) => join(place, program));
  if (places.some(isExecutable)) return;
  const received = JSON.stringify(settings.program);
  throw fault(`${path}.program: must be a program that can be run (received ${received})`);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function fault(message: string): HoldfastError {
  return new HoldfastError('setting-invalid', message);
}
