import { createHoldfast, defineTask } from 'holdfast';
import { z } from 'zod';

/** Keeps a promise in the call that makes it, and dies in the middle. */
const task = defineTask({
  type: 'deadly',
  input: z.null(),
  run: (): null => {
    process.kill(process.pid, 'SIGKILL');
    return null;
  },
});

const service = await createHoldfast({ tasks: [task] }).open(process.env);
await service.enqueue(task, null, { inline: true });
