import { InputInvalidError, type Json, parseInput } from '../core/index.js';
import type { AnyTask } from './task.js';

/** What stands in place of a field that is not shown. */
const REDACTED = '[redacted]';

/** `value` without the fields that are not to be shown. Paths are dotted; `*` is every item or field. */
export function redact(value: Json, paths: readonly string[]): Json {
  return paths.reduce((shown, path) => without(shown, path.split('.')), value);
}

function without(value: Json, [name, ...rest]: readonly string[]): Json {
  if (name === undefined) return REDACTED;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      name === '*' || name === String(index) ? without(item, rest) : item,
    );
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      name === '*' || name === key ? without(item, rest) : item,
    ]),
  );
}

/**
 * A payload as its task takes it. What the error says of fields that are not to be
 * shown leaves their values out: it is stored, answered and logged.
 * @throws InputInvalidError naming `payload…`
 */
export function parsePayload({ input, protect }: AnyTask, payload: Json): unknown {
  try {
    return parseInput(input, payload, 'payload');
  } catch (error) {
    const isHidden = protect?.encrypt === true || (protect?.redact?.length ?? 0) > 0;
    if (!isHidden || !(error instanceof InputInvalidError)) throw error;
    throw new InputInvalidError(
      error.issues.map((issue) => ({
        ...issue,
        received: issue.received === 'nothing' ? issue.received : REDACTED,
      })),
    );
  }
}
