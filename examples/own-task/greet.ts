import { defineTask } from 'holdfast';
import { z } from 'zod';

/** Keeps promises of the type `greet`: `{"type":"greet","payload":{"name":"Ada"}}`. */
export const greet = defineTask({
  type: 'greet',
  input: z.strictObject({ name: z.string().min(1) }),
  run: ({ name }, { attempt }) => ({ greeting: `Hello, ${name}`, attempt }),
});
