import { isWeather } from '../../src/core/index.js';
import type { Process } from '../process.js';

/** An error as it is told. */
export function stackOf(error: unknown): string {
  return (error instanceof Error ? error.stack : undefined) ?? String(error);
}

/**
 * Calls again and again until there is an answer, as whoever needs one does; undefined when
 * `patienceMs` are over.
 */
export async function insist<T>(
  process: Process,
  patienceMs: number,
  call: () => Promise<T>,
): Promise<{ readonly answer: T } | undefined> {
  const { timeline, dice } = process.world;
  const end = timeline.now + patienceMs;
  for (;;) {
    try {
      return { answer: await call() };
    } catch (error) {
      if (!isWeather(error)) throw error;
      process.note('is told', error.code);
    }
    if (timeline.now >= end) return undefined;
    await process.sleep(dice.int(20, 1_500));
  }
}
