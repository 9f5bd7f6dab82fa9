import { describe, expect, it } from 'vitest';
import { readText } from './response-text.js';

const streamOf = (...chunks: (string | Uint8Array)[]) => {
  const bytes = chunks.map((chunk) =>
    typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk,
  );
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = bytes.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
  });
};

describe('the text of a response', () => {
  it('is cut at the bound, and the rest is not read', async () => {
    let pulls = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1;
          controller.enqueue(new Uint8Array(1_000).fill(97));
        },
        cancel() {
          cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    const { text, truncated } = await readText(endless, 2_500, undefined);
    expect([text.length, truncated, pulls, cancelled]).toEqual([2_500, true, 3, true]);
  });

  it('leaves out the character that the cut goes through', async () => {
    expect(await readText(streamOf('aé€'), 5, undefined)).toEqual({ text: 'aé', truncated: true });
  });

  it('is whole when it is exactly as long as the bound', async () => {
    expect(await readText(streamOf('ab', 'cd'), 4, undefined)).toEqual({
      text: 'abcd',
      truncated: false,
    });
  });

  it('joins characters that arrive in parts', async () => {
    const euro = new TextEncoder().encode('€');
    const parts = streamOf(euro.subarray(0, 1), euro.subarray(1, 2), euro.subarray(2));
    expect((await readText(parts, 10, undefined)).text).toBe('€');
  });

  it('reads the charset of the content type, and UTF-8 when nobody knows it', async () => {
    const latin = Uint8Array.of(0xe9);
    expect((await readText(streamOf(latin), 9, 'text/plain; charset=ISO-8859-1')).text).toBe('é');
    expect((await readText(streamOf('é'), 9, 'text/plain; charset="nobody"')).text).toBe('é');
    expect((await readText(streamOf(latin), 9, 'text/plain')).text).toBe('\ufffd');
  });

  it('is empty without a body', async () => {
    expect(await readText(null, 9, undefined)).toEqual({ text: '', truncated: false });
  });
});
