import { HoldfastError } from '../core/index.js';
import type { Task } from './task.js';

/** The tasks of one service, by type. */
export class TaskRegistry {
  readonly #tasks = new Map<string, Task>();

  /** @throws HoldfastError `setting-invalid` when two tasks have one type */
  constructor(tasks: readonly Task[]) {
    for (const task of tasks) {
      if (this.#tasks.has(task.type)) {
        throw new HoldfastError('setting-invalid', `tasks: two tasks have the type "${task.type}"`);
      }
      this.#tasks.set(task.type, task);
    }
  }

  get(type: string): Task | undefined {
    return this.#tasks.get(type);
  }

  get types(): string[] {
    return [...this.#tasks.keys()];
  }
}
