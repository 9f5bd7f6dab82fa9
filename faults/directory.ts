import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from './at-exit.js';

/** A directory of a rig. It goes with the process, if not before. */
export function makeDirectory(rig: string): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), `holdfast-${rig}-`));
  return { path, remove: atExit(() => removeDirectory(path)) };
}

/** Also while a process that was killed a moment ago is still ending in it. */
function removeDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}
