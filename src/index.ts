import type { AnyTask, HoldfastConfig } from '../functions/config.js';
import { createEdge, type Edge } from '../functions/edge.js';

export type { HoldfastConfig } from '../functions/config.js';
export type { Edge } from '../functions/edge.js';
export { ERROR_CODES, type ErrorCode, HoldfastError, type Json } from './core/index.js';
export {
  cancel,
  defineTask,
  snooze,
  type Task,
  type TaskContext,
  type Verdict,
} from './tasks/index.js';

/** The configuration of a service: what `holdfast.config.ts` exports as default. */
export function defineConfig<T extends readonly AnyTask[]>(
  config: HoldfastConfig & { readonly tasks?: T },
): HoldfastConfig {
  return config;
}

/**
 * Builds the service into a Worker of one's own: `fetch` answers the API,
 * `scheduled` is one tick and belongs to a cron trigger `* * * * *`. Settings
 * come from the Worker's environment.
 * @throws InputInvalidError naming what is wrong in `config`
 */
export function createHoldfast(config: HoldfastConfig = {}): Edge {
  return createEdge(config);
}
