import { HoldfastError } from '../core/index.js';
import type { Claim } from '../promises/index.js';
import { parsePayload } from './redaction.js';
import type { AnyTask } from './task.js';
import { sealedTextOf } from './vault.js';

/**
 * The input of a run.
 * @throws InputInvalidError naming `payload…`; HoldfastError `payload-sealed` when its key
 *   is not here: tried again, since the key may come back
 */
export function inputOf(task: AnyTask, { payload, state }: Claim): unknown {
  const sealed = sealedTextOf(payload) ?? sealedTextOf(state);
  if (sealed === undefined) return parsePayload(task, payload);
  const [key] = sealed.split(':');
  throw new HoldfastError(
    'payload-sealed',
    `the payload or state is encrypted with the key "${key}", which HOLDFAST_ENCRYPTION_KEYS does not have or which does not open it`,
    { retryable: true },
  );
}
