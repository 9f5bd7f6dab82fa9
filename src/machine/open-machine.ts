import type { HandlerTask } from '../client/index.js';
import { commandTask } from './command.js';
import { Guard } from './guard.js';
import { type MachineConfig, parseMachine } from './machine-config.js';
import { testSuiteTask } from './test-suite.js';
import { requireRunnable } from './workplace.js';

export interface OpenMachineOptions {
  /** What the configuration's paths are relative to. */
  readonly directory: string;
  /** Programs are given PATH, HOME, LANG, TMPDIR and the like of it, and nothing else. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A machine's side of a worker. */
export interface OpenMachine {
  /** `test-suite` when there are suites, `command` when there are commands. */
  readonly tasks: readonly HandlerTask[];
  /** For the worker: how many of each type run at once. */
  readonly places: Readonly<Record<string, number>>;
  /** Resolves when no process of it is left. To be called when the worker has stopped. */
  readonly close: () => Promise<void>;
}

/**
 * The tasks that run the suites and commands of a configuration, and nothing else.
 * @throws HoldfastError `setting-invalid` naming the field
 */
export function openMachine(config: MachineConfig, options: OpenMachineOptions): OpenMachine {
  const machine = parseMachine(config);
  const guard = new Guard();
  const workplace = { ...options, guard };
  const { suites, commands, suitesAtOnce, commandsAtOnce } = machine;
  for (const [key, suite] of Object.entries(suites)) {
    requireRunnable(`suites.${key}`, suite, workplace);
  }
  for (const [key, command] of Object.entries(commands)) {
    requireRunnable(`commands.${key}`, command, workplace);
  }
  const tasks = [
    ...(Object.keys(suites).length > 0 ? [testSuiteTask(machine, workplace)] : []),
    ...(Object.keys(commands).length > 0 ? [commandTask(machine, workplace)] : []),
  ];
  return {
    tasks,
    places: { 'test-suite': suitesAtOnce, command: commandsAtOnce },
    close: () => guard.close(),
  };
}
