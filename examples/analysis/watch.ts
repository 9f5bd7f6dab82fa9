import { defineTask, type Json } from 'holdfast';
import { z } from 'zod';

/** One analysis a link, and a digest when all are done. */
export const watch = defineTask({
  type: 'watch',
  input: z.strictObject({ links: z.array(z.url()).min(1).max(20) }),
  run: ({ links }, { enqueue }) => {
    const reads = links.map((url) => enqueue('analyse', { url, question: 'What is new?' }));
    enqueue('digest', null, { dependsOn: reads, onParentFailure: 'run' });
    return { links: links.length };
  },
});

export const digest = defineTask({
  type: 'digest',
  input: z.null(),
  run: async (_input, { parents }) => {
    const read = await parents();
    return { texts: read.map((parent) => textOf('result' in parent ? parent.result : null)) };
  },
});

function textOf(result: Json): string {
  const { text } = (result ?? {}) as { readonly text?: Json };
  return typeof text === 'string' ? text : 'could not be read';
}
