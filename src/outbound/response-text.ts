import type { DialBody } from './dial.js';

/**
 * Reads a body as text and stops at `bytesMax` bytes (counted after decompression):
 * the rest is never read, the connection is given up. A character that the cut
 * goes through is left out.
 */
export async function readText(
  body: DialBody | null,
  bytesMax: number,
  contentType: string | undefined,
): Promise<{ readonly text: string; readonly truncated: boolean }> {
  if (body === null) return { text: '', truncated: false };
  const decoder = decoderFor(contentType);
  const reader = body.getReader();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || value === undefined) return { text: text + decoder.decode(), truncated: false };
    const room = bytesMax - bytes;
    if (value.byteLength > room) {
      text += decoder.decode(value.subarray(0, room), { stream: true });
      await reader.cancel();
      return { text, truncated: true };
    }
    text += decoder.decode(value, { stream: true });
    bytes += value.byteLength;
  }
}

/** UTF-8 unless the content type names a charset that the platform knows. */
function decoderFor(contentType: string | undefined): InstanceType<typeof TextDecoder> {
  const charset = /;\s*charset="?([^\s;"]+)/i.exec(contentType ?? '')?.[1];
  try {
    return new TextDecoder(charset ?? 'utf-8');
  } catch {
    return new TextDecoder();
  }
}
