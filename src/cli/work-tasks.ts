import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Handlers, type HandlerTask, handlersOf } from '../client/index.js';
import { HoldfastError, messageOf } from '../core/index.js';
import { type MachineConfig, openMachine } from '../machine/index.js';
import { importOwn } from './own-module.js';

/** Where what a worker runs comes from. */
export interface WorkSources {
  /** Exports tasks, or functions by type. */
  readonly handlers?: string;
  /** Has suites and commands. Default `holdfast.machine.ts` and the like of the directory. */
  readonly machine?: string;
  /** Types, with commas between: nothing else runs. Default all of `handlers`. */
  readonly allow?: string;
}

/** What a worker runs. */
export interface WorkTasks {
  readonly tasks: readonly HandlerTask[];
  /** How many of a type run at once, for types that have places of their own. */
  readonly places: Readonly<Record<string, number>>;
  /** Resolves when no process of it is left. */
  readonly close: () => Promise<void>;
}

/** Never run without being allowed by name: they start programs of the machine. */
const MACHINE_TYPES: readonly string[] = ['test-suite', 'command'];
const MACHINE_FILES = ['ts', 'mts', 'js', 'mjs'].map((end) => `holdfast.machine.${end}`);

/** @throws HoldfastError `setting-invalid` naming the option */
export async function loadWorkTasks(
  { handlers, machine, allow }: WorkSources,
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<WorkTasks> {
  const allowed = allow?.split(',').map((type) => type.trim());
  const own =
    handlers === undefined ? [] : [...handlersOf(await loadHandlers(handlers, directory)).values()];
  const isForMachine = allowed?.some((type) => MACHINE_TYPES.includes(type)) ?? false;
  const opened = isForMachine ? await loadMachine(machine, directory, env) : undefined;
  if (machine !== undefined && !isForMachine) {
    throw fault(`--machine: needs --allow with ${MACHINE_TYPES.join(' or ')}`);
  }
  const all = [...own, ...(opened?.tasks ?? [])];
  if (allowed === undefined && handlers === undefined) {
    throw fault('--handlers or --allow: one of them must be given');
  }
  for (const type of allowed ?? []) {
    if (all.some((task) => task.type === type)) continue;
    throw fault(`--allow: nothing here keeps "${type}" (there is ${listOf(all)})`);
  }
  const tasks = all.filter(({ type }) => allowed?.includes(type) ?? true);
  return { tasks, places: opened?.places ?? {}, close: opened?.close ?? (async () => {}) };
}

async function loadMachine(
  file: string | undefined,
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
) {
  const path = file ?? MACHINE_FILES.find((name) => existsSync(join(directory, name)));
  if (path === undefined) throw fault(`--machine: there is no ${MACHINE_FILES[0]} here`);
  const { main } = await load('--machine', path, directory);
  if (main === undefined) {
    throw fault(`--machine ${path}: export default defineMachine({ … })`);
  }
  try {
    const where = dirname(resolve(directory, path));
    return openMachine(main as MachineConfig, { directory: where, env });
  } catch (error) {
    throw fault(`--machine ${path}: ${messageOf(error)}`);
  }
}

/**
 * What a file has to keep promises with: its default export, a list of tasks, a
 * configuration with tasks, or functions by type; or else the tasks that it exports.
 */
async function loadHandlers(path: string, directory: string): Promise<Handlers> {
  const { main, named } = await load('--handlers', path, directory);
  if (Array.isArray(main)) return main as Handlers;
  if (typeof main === 'object' && main !== null) {
    const { tasks } = main as { readonly tasks?: unknown };
    if (Array.isArray(tasks)) return tasks as Handlers;
    return (isTask(main) ? [main] : main) as Handlers;
  }
  const tasks = Object.values(named).filter(isTask);
  if (tasks.length > 0) return tasks as unknown as Handlers;
  throw fault(`--handlers ${path}: it exports no tasks: export default [task, …]`);
}

async function load(option: string, path: string, directory: string) {
  const absolute = resolve(directory, path);
  if (!existsSync(absolute)) throw fault(`${option} ${path}: there is no such file`);
  const module = await importOwn(absolute).catch((cause: unknown) => {
    throw fault(`${option} ${path}: it cannot be loaded: ${messageOf(cause)}`);
  });
  const { default: main, ...named } = module;
  return { main, named };
}

function isTask(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'type' in value && 'run' in value;
}

function listOf(tasks: readonly HandlerTask[]): string {
  return tasks.length === 0 ? 'nothing' : tasks.map(({ type }) => type).join(', ');
}

function fault(message: string): HoldfastError {
  return new HoldfastError('setting-invalid', message);
}
