import { HoldfastError, type Json, newId, parseInput } from '../core/index.js';
import {
  type Enqueued,
  type NewPromise,
  newPromise,
  type PromiseStore,
  type Ticket,
  withId,
} from '../promises/index.js';
import { parsePayload } from './redaction.js';
import type { TaskRegistry } from './registry.js';
import type { EnqueueOptions } from './task-context.js';

/** What comes in: checked against the task that will keep it, then made durable. */
export class Intake {
  constructor(
    private readonly registry: TaskRegistry,
    private readonly store: Pick<PromiseStore, 'enqueue'>,
  ) {}

  /**
   * A promise as code writes it, checked.
   * @throws InputInvalidError naming the field; what the task's `admit` throws
   */
  parse(type: string, payload: unknown, options: EnqueueOptions = {}): NewPromise {
    const promise = parseInput(newPromise, { ...options, type, payload });
    this.check(promise);
    return promise;
  }

  /**
   * Refuses what its task would refuse. A type that no task of this service has
   * passes: it is work for pull workers.
   * @throws InputInvalidError naming `payload…`; what the task's `admit` throws; HoldfastError
   *   `address-refused` for a `callbackUrl` or an `origin` that nothing may be sent to
   */
  check(promise: NewPromise): void {
    this.checkCallback(promise.callbackUrl);
    this.checkOrigin(promise.origin);
    const task = this.registry.get(promise.type);
    if (task === undefined) return;
    const input = parsePayload(task, (promise.payload ?? null) as Json);
    task.admit?.(input);
  }

  private checkCallback(url: string | undefined): void {
    const reason = url === undefined ? undefined : this.registry.refuseUrl(url);
    if (reason === undefined) return;
    throw new HoldfastError('address-refused', `callbackUrl may not be called: ${reason}`);
  }

  private checkOrigin(origin: NewPromise['origin']): void {
    const reason = origin === undefined ? undefined : this.registry.refuseOrigin(origin);
    if (reason === undefined) return;
    throw new HoldfastError('address-refused', `origin: nothing may be sent there: ${reason}`);
  }

  /**
   * Makes a promise as code writes it.
   * @throws InputInvalidError naming the field; what the task's `admit` throws
   */
  async enqueue(type: string, payload: unknown, options?: EnqueueOptions): Promise<Enqueued> {
    const promise = this.parse(type, payload, options);
    const [made] = await this.store.enqueue([withId(promise, newId())]);
    return made as Enqueued;
  }

  /** Makes one promise; with a ticket, the one whose id is the ticket's token. */
  async make(promise: NewPromise, ticket?: Ticket): Promise<Enqueued> {
    this.check(promise);
    const id = ticket?.token ?? newId();
    const [made] = await this.store.enqueue([withId(promise, id)], ticket);
    return made as Enqueued;
  }

  /** Makes many; one that is refused does not keep the others. One outcome an item, in order. */
  async makeAll(promises: readonly NewPromise[]): Promise<(Enqueued | HoldfastError)[]> {
    const refused = promises.map((promise) => this.refusal(promise));
    const accepted = promises.filter((_promise, index) => refused[index] === undefined);
    const made = await this.store.enqueue(accepted.map((promise) => withId(promise, newId())));
    const next = made.values();
    return refused.map((error) => error ?? (next.next().value as Enqueued));
  }

  private refusal(promise: NewPromise): HoldfastError | undefined {
    try {
      this.check(promise);
      return undefined;
    } catch (error) {
      return error as HoldfastError;
    }
  }
}
