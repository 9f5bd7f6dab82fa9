import { onTestFinished } from 'vitest';
import { openTarget, type TargetServer } from './open-target.js';

export type { Received, TargetServer } from './open-target.js';

/** A real server that ends with the test. */
export async function startTarget(...asked: Parameters<typeof openTarget>): Promise<TargetServer> {
  const target = await openTarget(...asked);
  onTestFinished(target.close);
  return target;
}
