const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** No duration is longer than 10 years. */
export const DURATION_MS_MAX = 3_650 * UNIT_MS.d;

export const DURATION_RULE =
  'must be milliseconds or a duration such as "30s", "5m", "2h" or "7d", at most 10 years';

/** Milliseconds of `"30s"`, `"5m"`, `"2h"`, `"7d"`, `"250ms"` or a number; undefined when it is none of these. */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return inRange(value);
  const match = PATTERN.exec(value);
  if (match === null) return undefined;
  return inRange(Math.round(Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]));
}

function inRange(ms: number): number | undefined {
  return Number.isInteger(ms) && ms >= 0 && ms <= DURATION_MS_MAX ? ms : undefined;
}

/** `90_061_000` as `"1d 1h 1m 1s"`; below a second, `"250ms"`. */
export function formatDuration(ms: number): string {
  if (ms < UNIT_MS.s) return `${Math.round(ms)}ms`;
  const parts: string[] = [];
  let rest = Math.round(ms / UNIT_MS.s) * UNIT_MS.s;
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / UNIT_MS[unit]);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * UNIT_MS[unit];
  }
  return parts.join(' ');
}
