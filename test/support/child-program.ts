import { afterAll, beforeAll } from 'vitest';
import { buildProgram, type Program } from './program.js';

/**
 * A program for the processes that the tests of a file start: built before them, removed after them.
 *
 * @param entry from the root of the tree
 */
export function childProgram(entry: string): { readonly path: string } {
  let program: Program | undefined;
  beforeAll(async () => {
    program = await buildProgram(entry);
  });
  afterAll(() => program?.remove());
  return {
    get path() {
      if (program === undefined) throw new Error(`${entry} is built before the tests, not earlier`);
      return program.path;
    },
  };
}
