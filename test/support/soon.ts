import { vi } from 'vitest';

/** Waits for what will be so, also on a machine that is busy. */
export const soon = <T>(look: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(look, { timeout: 15_000, interval: 5 });
