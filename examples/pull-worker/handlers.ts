import { defineTask } from 'holdfast';
import { z } from 'zod';

/** Keeps promises of the type `thumbnail`, wherever `holdfast work` runs. */
export const thumbnail = defineTask({
  type: 'thumbnail',
  input: z.strictObject({ url: z.url(), width: z.int().min(1).max(4_096) }),
  run: async ({ url, width }, { signal, progress }) => {
    progress(0, 'fetching');
    const image = await fetch(url, { signal });
    if (!image.ok) throw new Error(`the image was answered with ${image.status}`);
    const bytes = (await image.arrayBuffer()).byteLength;
    progress(100);
    return { width, bytes };
  },
});

export default [thumbnail];
