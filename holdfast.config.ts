import { defineConfig } from 'holdfast';

/**
 * Your own tasks, beside `webhook` and `echo`. Both `holdfast start` and the
 * Worker load this file. A task is defined like this (examples/own-task has a
 * whole one):
 *
 *   import { defineConfig, defineTask } from 'holdfast';
 *   import { z } from 'zod';
 *
 *   const greet = defineTask({
 *     type: 'greet',
 *     input: z.object({ name: z.string() }),
 *     run: ({ name }) => ({ greeting: `Hello, ${name}` }),
 *   });
 */
export default defineConfig({ tasks: [] });
