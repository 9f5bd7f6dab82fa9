import { type Json, systemClock } from '../src/core/index.js';
import type { Model, Outbound } from '../src/outbound/index.js';
import {
  localName,
  type PromiseRecord,
  type PromiseStore,
  ScopedPromises,
  type Sends,
  type Subscriptions,
  type Vault,
} from '../src/promises/index.js';
import type { Insights, Messages } from '../src/records/index.js';
import {
  analyseTask,
  type CommandedPromises,
  callbackTask,
  echoTask,
  followTask,
  type MessageHandler,
  messageTask,
  notifyTask,
  redact,
  reflectTask,
  searchTask,
  type TaskRegistry,
  webhookTask,
} from '../src/tasks/index.js';
import type { Channels } from './channels.js';
import type { Databases } from './databases.js';
import type { Settings } from './env.js';
import { viewOf } from './http/promise-view.js';

/** What the tasks of the service work with; the stores are there when they run. */
interface BuiltInParts {
  readonly settings: Settings;
  readonly outbound: Outbound;
  readonly channels: Channels;
  readonly model: Model | undefined;
  readonly onMessage: MessageHandler | undefined;
  readonly stores: () => TaskStores;
  readonly registry: () => TaskRegistry;
}

interface TaskStores extends Databases {
  readonly store: PromiseStore;
  readonly vault: Vault;
  readonly subscriptions: Subscriptions;
  readonly sends: Sends;
  readonly messages: Messages;
  readonly insights: Insights;
}

/** What chats may see: the promises of the service's own tenant. */
const OWN_SCOPE = { tenant: '', queues: null };

/** The tasks that every service has. */
export function builtInTasks(parts: BuiltInParts) {
  const { settings, outbound, channels, model, onMessage, stores, registry } = parts;
  const secrets = settings.HOLDFAST_WEBHOOK_SECRETS ?? [];
  const promises = { get: (id: string) => stores().store.get(id) };
  const shown = (promise: PromiseRecord) => shownResult(promise, registry());
  return [
    webhookTask(outbound, systemClock, secrets),
    echoTask,
    callbackTask({
      outbound,
      promises,
      subscriptions: {
        target: (id) => stores().subscriptions.target(id),
        pause: (id, reason) => stores().subscriptions.pause(id, reason),
      },
      openUrl: (stored) => stores().vault.openText('callback-url', stored),
      secrets,
      view: (promise) =>
        viewOf({ ...promise, queue: localName(promise.queue) }, registry()) as unknown as Json,
      clock: systemClock,
    }),
    notifyTask({
      ...channels,
      outbound,
      promises,
      sends: {
        begin: (sender, again) => stores().sends.begin(sender, again),
        sent: (sender, token, receipt) => stores().sends.sent(sender, token, receipt),
        unknown: (sender, token) => stores().sends.unknown(sender, token),
        unsent: (sender, token) => stores().sends.unsent(sender, token),
      },
      openUrl: (stored) => stores().vault.openText('origin-url', stored),
      shown,
      secrets,
      resendUnknown: settings.NOTIFY_RESEND_UNKNOWN,
      clock: systemClock,
    }),
    ...(model === undefined ? [] : [analyseTask({ outbound, model, clock: systemClock })]),
    ...(channels.search.length === 0 ? [] : [searchTask(channels.search)]),
    reflectTask({ model, insights: { add: (found) => stores().insights.add(found) } }),
    followTask({ ...channels, promises: commanded(stores) }),
    messageTask({
      messages: {
        get: (id) => stores().messages.get(id),
        end: (id, error) => stores().messages.end(id, error),
      },
      handler: onMessage,
      promises: commanded(stores),
      shown,
    }),
  ];
}

/** Without what its task keeps from being shown. */
function shownResult(promise: PromiseRecord, registry: TaskRegistry): Json {
  if (promise.status !== 'completed') return null;
  return redact(promise.result, registry.get(promise.type)?.protect?.redact ?? []);
}

function commanded(stores: () => TaskStores): CommandedPromises {
  const own = () => new ScopedPromises(stores().store, stores().queue, OWN_SCOPE);
  return {
    get: (id) => own().get(id),
    cancel: (id) => own().cancel(id, 'cancelled in a chat'),
    figures: () => stores().store.figures(),
  };
}
