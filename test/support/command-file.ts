import type { TestProject } from 'vitest/node';
import { buildProgram } from './program.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the command is as one file. */
    commandFile: string;
  }
}

/** Makes the command one file, for the tests that start it for something else than its start. */
export default async function setup(project: TestProject): Promise<() => void> {
  const program = await buildProgram('src/cli/command.ts');
  project.provide('commandFile', program.path);
  return program.remove;
}
