/** Texts that go out together. */
const CHUNK_LENGTH = 65_536;

/**
 * Texts as a body: no more are made than are read. What fails at once is thrown, what
 * fails later cuts the body off and rejects `ended`. That resolves when nothing more is read.
 * @param signal cuts it off
 */
export async function lineStream(
  texts: AsyncGenerator<string, void, undefined>,
  signal: AbortSignal,
): Promise<{ readonly body: ReadableStream<Uint8Array>; readonly ended: Promise<void> }> {
  const chunks = inChunks(texts);
  let next = await chunks.next();
  let end = (_error?: unknown) => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error));
  });
  const stop = () => void chunks.return().then(() => end(), end);
  signal.addEventListener('abort', stop, { once: true });
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          signal.throwIfAborted();
          if (next.done) {
            controller.close();
            return end();
          }
          controller.enqueue(encoder.encode(next.value));
          next = await chunks.next();
        } catch (error) {
          controller.error(error);
          end(signal.aborted ? undefined : error);
        }
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  );
  return { body, ended };
}

async function* inChunks(texts: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let chunk = '';
  for await (const text of texts) {
    chunk += text;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}
