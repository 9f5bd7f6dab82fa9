import { hexOf } from '../src/core/index.js';
import type { Digest } from '../src/promises/index.js';
import type { Backups } from '../src/tasks/index.js';
import type { Edge, Settings } from './env.js';

/** A Worker has no files. */
export async function makeDataDirectories(_settings: Settings): Promise<void> {}

export const EDGE: Edge = 'worker';

/** A Worker is given its environment with each request. */
export function environmentOf(): Readonly<Record<string, unknown>> {
  return {};
}

export function backupsOf(_settings: Settings): Backups | undefined {
  return undefined;
}

/** workerd's own, which Node's types know nothing of: bytes go in, and their digest is there at the end. */
type DigestStream = WritableStream<Uint8Array> & { readonly digest: Promise<ArrayBuffer> };
type WithDigestStream = { readonly DigestStream: new (algorithm: string) => DigestStream };

export function sha256(): Digest {
  const stream = new (crypto as unknown as WithDigestStream).DigestStream('SHA-256');
  const writer = stream.getWriter();
  const encoder = new TextEncoder();
  return {
    update: (text) => writer.write(encoder.encode(text)),
    value: async () => {
      await writer.close();
      return hexOf(new Uint8Array(await stream.digest));
    },
  };
}
