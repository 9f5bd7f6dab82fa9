import { z } from 'zod';
import { HoldfastError, inputIssues } from '../core/index.js';
import type { OpenOptions } from './open-options.js';
import { topologyOf } from './topology.js';

const whole = (min: number) => z.number().int().min(min);

const settings = z.strictObject({
  journalMode: z.enum(['wal', 'delete']).optional(),
  synchronous: z.enum(['off', 'normal', 'full', 'extra']).optional(),
  busyDeadlineMs: whole(0).optional(),
  cacheSizeKib: whole(64).optional(),
  tempStore: z.enum(['default', 'file', 'memory']).optional(),
  foreignKeys: z.boolean().optional(),
  mmapBytes: whole(0).optional(),
  journalSizeLimitBytes: whole(0).optional(),
  walAutocheckpointPages: whole(0).optional(),
  autoVacuum: z.enum(['none', 'full', 'incremental']).optional(),
});

const options = z.object({
  name: z.string().min(1),
  url: z.string().refine((url) => topologyOf(url) !== undefined, {
    error: 'must start with file:, http:, https:, libsql:, ws: or wss:, or be :memory:',
  }),
  syncEveryMs: whole(0).optional(),
  holdMsMax: whole(1).optional(),
  requestTimeoutMs: whole(1).optional(),
  settings: settings.optional(),
  checkpoints: z
    .strictObject({
      enabled: z.boolean().optional(),
      walBytesMax: whole(65_536).optional(),
      everyMs: whole(0).optional(),
    })
    .optional(),
});

/** @throws HoldfastError `setting-invalid` naming the option, its rule and the value received */
export function assertOptions(given: OpenOptions): void {
  const parsed = options.safeParse(given);
  if (parsed.success) return;
  const issues = inputIssues(parsed.error, given);
  const [first] = issues;
  const what = `${first?.path}: ${first?.rule} (received ${first?.received})`;
  throw new HoldfastError('setting-invalid', `database ${given.name}: ${what}`, {
    details: { issues },
  });
}
