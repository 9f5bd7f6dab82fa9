import type { Observation } from '../core/index.js';
import type { Claim } from '../promises/index.js';

/** One run of a promise, by the semantic conventions for messages. */
export function runObservation({ id, queue, type, attempt }: Claim): Observation {
  return {
    name: `run ${type}`,
    kind: 'consumer',
    attributes: {
      'messaging.system': 'holdfast',
      'messaging.operation.name': 'run',
      'messaging.operation.type': 'process',
      'messaging.destination.name': queue,
      'messaging.message.id': id,
      'holdfast.promise.type': type,
      'holdfast.promise.attempt': attempt,
    },
    duration: {
      metric: 'messaging.process.duration',
      by: [
        'messaging.system',
        'messaging.operation.name',
        'messaging.destination.name',
        'holdfast.promise.type',
      ],
    },
  };
}
