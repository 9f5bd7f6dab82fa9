import { HoldfastError, isStorable } from '../core/index.js';

/** F13: a lone surrogate can end the process, and U+0000 cuts the string. */
export function assertStorable(value: string, at: number): void {
  if (isStorable(value)) return;
  throw invalid(at, 'must be well-formed Unicode without U+0000');
}

export function finite(value: number, at: number): number {
  if (Number.isFinite(value)) return value;
  throw invalid(at, `must be finite (received ${value})`);
}

function invalid(at: number, rule: string): HoldfastError {
  return new HoldfastError('input-invalid', `argument ?${at + 1} ${rule}`, {
    details: { argument: at + 1 },
  });
}
