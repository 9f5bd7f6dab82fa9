import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HoldfastError, messageOf, parseInput } from '../../src/core/index.js';

export const DATABASES = ['queue', 'system'] as const;
export type DatabaseName = (typeof DATABASES)[number];

const copy = z.strictObject({
  file: z.enum(['queue.db', 'system.db']),
  bytes: z.int().min(1),
  sha256: z.string().regex(/^[\da-f]{64}$/),
  /** Of the newest migration that was applied. */
  schemaVersion: z.int().min(0),
  takenAt: z.iso.datetime(),
});

/** What stands in `manifest.json` of a backup. */
const manifest = z.strictObject({
  format: z.literal('holdfast-backup'),
  version: z.literal(1),
  holdfast: z.string(),
  queue: copy,
  system: copy,
});

export type Manifest = z.output<typeof manifest>;

export const MANIFEST = 'manifest.json';

/** @throws HoldfastError `setting-invalid` when there is none, `input-invalid` naming the field */
export async function readManifest(directory: string): Promise<Manifest> {
  const path = join(directory, MANIFEST);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const message = `${directory} is no backup: ${path}: ${messageOf(cause)}`;
    throw new HoldfastError('setting-invalid', message, { cause });
  }
  return parseInput(manifest, value, MANIFEST);
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
