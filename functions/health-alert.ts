import { newId } from '../src/core/index.js';
import { NOTIFY, type PromiseStore } from '../src/promises/index.js';
import type { HealthAlert } from '../src/tasks/index.js';
import type { Settings } from './env.js';

/** Tells who is in `HEALTH_ALERT_TO` by promises, one each; undefined when nobody is. */
export function healthAlert(
  { HEALTH_ALERT_TO: targets = [] }: Settings,
  store: Pick<PromiseStore, 'enqueue'>,
): HealthAlert | undefined {
  if (targets.length === 0) return undefined;
  return async ({ state, observations, suggestions }, before, runId) => {
    const text = [`Holdfast: ${before} → ${state}`, ...observations, ...suggestions].join('\n');
    await store.enqueue(
      targets.map((to, index) => ({
        ...NOTIFY,
        id: newId(),
        key: `health-${runId}-${index}`,
        payload: { to, text },
        maxAttempts: 10,
      })),
    );
  };
}
