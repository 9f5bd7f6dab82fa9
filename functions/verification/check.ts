/** `fault`: it will not work so. `warning`: it works, but look. `skipped`: could not be tried. */
export type CheckState = 'ok' | 'fault' | 'warning' | 'skipped';

/** One thing that was checked. */
export interface Check {
  /** For example `queue: reachable`. */
  readonly name: string;
  readonly state: CheckState;
  readonly found: string;
  /** What to do; empty when it is ok. */
  readonly advice: string;
}

export function ok(name: string, found: string): Check {
  return { name, state: 'ok', found, advice: '' };
}

export function notOk(
  name: string,
  state: Exclude<CheckState, 'ok'>,
  found: string,
  advice: string,
): Check {
  return { name, state, found, advice };
}
