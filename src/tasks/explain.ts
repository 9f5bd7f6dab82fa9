import type { Explained, PromiseStore } from '../promises/index.js';
import type { TaskRegistry } from './registry.js';

/**
 * Why a promise is not running, by the rules that claims go by; undefined when there is
 * none. What is ready, and of no task of this service, is work for pull workers: `no-worker`.
 */
export async function explain(
  {
    store,
    registry,
  }: { readonly store: Pick<PromiseStore, 'explain'>; readonly registry: TaskRegistry },
  id: string,
): Promise<Explained | undefined> {
  const explained = await store.explain(id);
  if (explained === undefined || registry.get(explained.type) !== undefined) return explained;
  const message = `no task of this service has the type ${explained.type}: a pull worker must claim it`;
  const reasons = explained.reasons.map((reason) =>
    reason.code === 'ready' ? { ...reason, code: 'no-worker' as const, message } : reason,
  );
  return { ...explained, reasons };
}
