import { HoldfastError, isStorable } from '../core/index.js';
import type { Origin } from '../promises/index.js';
import { type AnyBatchTask, type AnyTask, isBatchTask } from './task.js';

/** The tasks of one service, by type. */
export class TaskRegistry {
  readonly #tasks = new Map<string, AnyTask>();
  /** Types of tasks that keep one promise a call. */
  readonly singleTypes: readonly string[];
  readonly batchTasks: readonly AnyBatchTask[];
  /** All of them. */
  readonly types: readonly string[];
  /** By type, of those that have one; undefined when none has. */
  readonly versions: Readonly<Record<string, string>> | undefined;

  /**
   * @param refuseUrl why a URL may not be called, as far as it shows; default it may
   * @param refuseOrigin why nobody may be told there; default it may
   * @throws HoldfastError `setting-invalid` when two tasks have one type
   */
  constructor(
    readonly tasks: readonly AnyTask[],
    readonly refuseUrl: (url: string) => string | undefined = () => undefined,
    readonly refuseOrigin: (origin: Origin) => string | undefined = () => undefined,
  ) {
    for (const task of tasks) {
      if (this.#tasks.has(task.type)) {
        throw new HoldfastError('setting-invalid', `tasks: two tasks have the type "${task.type}"`);
      }
      this.#tasks.set(task.type, task);
    }
    this.types = [...this.#tasks.keys()];
    this.versions = versionsOf(tasks);
    this.batchTasks = tasks.filter(isBatchTask);
    this.singleTypes = tasks.filter((task) => !isBatchTask(task)).map((task) => task.type);
  }

  get(type: string): AnyTask | undefined {
    return this.#tasks.get(type);
  }
}

const VERSION_LENGTH_MAX = 100;

function versionsOf(tasks: readonly AnyTask[]): Readonly<Record<string, string>> | undefined {
  const versions: Record<string, string> = {};
  for (const { type, version } of tasks) {
    if (version === undefined) continue;
    const isText = typeof version === 'string' && version.length > 0;
    if (!isText || version.length > VERSION_LENGTH_MAX || !isStorable(version)) {
      throw new HoldfastError(
        'setting-invalid',
        `task ${type}: version must be a text of 1 to ${VERSION_LENGTH_MAX} characters (received ${JSON.stringify(version)})`,
      );
    }
    versions[type] = version;
  }
  return Object.keys(versions).length === 0 ? undefined : versions;
}
