import { type Json, systemClock } from '../src/core/index.js';
import type { Outbound } from '../src/outbound/index.js';
import { localName, type PromiseStore, type Subscriptions } from '../src/promises/index.js';
import { callbackTask, echoTask, type TaskRegistry, webhookTask } from '../src/tasks/index.js';
import type { Settings } from './env.js';
import { viewOf } from './http/promise-view.js';

/** What the tasks of the service work with; the stores are there when they run. */
interface BuiltInParts {
  readonly settings: Settings;
  readonly outbound: Outbound;
  readonly store: () => PromiseStore;
  readonly subscriptions: () => Subscriptions;
  readonly registry: () => TaskRegistry;
}

/** The tasks that every service has. */
export function builtInTasks(parts: BuiltInParts) {
  const { settings, outbound, store, subscriptions, registry } = parts;
  const secrets = settings.HOLDFAST_WEBHOOK_SECRETS ?? [];
  const callback = callbackTask({
    outbound,
    promises: { get: (id) => store().get(id) },
    subscriptions: {
      target: (id) => subscriptions().target(id),
      pause: (id, reason) => subscriptions().pause(id, reason),
    },
    secrets,
    view: (promise) =>
      viewOf({ ...promise, queue: localName(promise.queue) }, registry()) as unknown as Json,
    clock: systemClock,
  });
  return [webhookTask(outbound, systemClock, secrets), echoTask, callback];
}
