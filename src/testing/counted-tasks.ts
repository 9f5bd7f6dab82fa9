import type { AnyTask } from '../tasks/index.js';

/** Tasks that tell how many of their calls are under way. */
export class CountedTasks {
  readonly list: readonly AnyTask[];
  #running = 0;

  constructor(tasks: readonly AnyTask[]) {
    this.list = tasks.map((task) => this.#counted(task));
  }

  get running(): number {
    return this.#running;
  }

  #counted<T extends AnyTask>(task: T): T {
    const run = async (...args: unknown[]) => {
      this.#running += 1;
      try {
        return await (task.run as (...given: unknown[]) => unknown)(...args);
      } finally {
        this.#running -= 1;
      }
    };
    return { ...task, run };
  }
}
