import { HoldfastError } from '../core/index.js';
import type { Queue, QueueSettings, Queues } from './queues.js';
import { localName, type Scope, storedName } from './scope.js';

/** The queues that a scope has, by the names that its tenant gives them. */
export class ScopedQueues {
  constructor(
    private readonly queues: Queues,
    private readonly scope: Scope,
  ) {}

  /**
   * The stored name of a queue.
   * @throws HoldfastError `forbidden` when the scope does not have it
   */
  require(queue: string): string {
    const { tenant, queues } = this.scope;
    if (queues === null || queues.includes(queue)) return storedName(tenant, queue);
    throw new HoldfastError('forbidden', `this key is not for the queue ${queue}`);
  }

  async get(name: string): Promise<Queue> {
    return local(await this.queues.get(this.require(name)));
  }

  async set(name: string, settings: QueueSettings): Promise<Queue> {
    return local(await this.queues.set(this.require(name), settings));
  }

  async names(page: { readonly after: string | null; readonly limit: number }): Promise<string[]> {
    const { scope } = this;
    const after = page.after === null ? null : storedName(scope.tenant, page.after);
    return (await this.queues.names({ ...page, after, scope })).map(localName);
  }

  pausedTypes(): Promise<string[]> {
    return this.queues.pausedTypes();
  }

  /** Of every tenant: for those only who may see the whole service. */
  pauseType(type: string, paused: boolean): Promise<void> {
    return this.queues.pauseType(type, paused);
  }
}

function local(queue: Queue): Queue {
  return { ...queue, name: localName(queue.name) };
}
