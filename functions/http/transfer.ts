import { z } from 'zod';
import { EXPORTED_KINDS } from '../../src/promises/index.js';
import { NDJSON } from './body.js';
import { lineStream } from './line-stream.js';
import { defineOperation } from './operation.js';

const kind = z.enum(EXPORTED_KINDS);

const exportAll = defineOperation({
  id: 'exportLines',
  method: 'get',
  path: '/v1/export',
  summary: 'Everything that the queue database keeps, of all tenants, as NDJSON',
  description:
    'One JSON text a line, read page by page as the answer is read. It is whole when its last line has the ' +
    'kind `end`. Secrets of subscriptions, callback URLs and payloads are in it as they are stored.',
  access: 'admin',
  isAudited: true,
  answers: {
    200: { description: 'the lines', schema: z.string(), mediaType: NDJSON },
  },
  isLong: true,
  handle: async ({ services, signal }) => {
    const { body, ended } = await lineStream(services.transfer.export(), signal);
    services.later(() => ended);
    return { body, headers: { 'Content-Type': NDJSON } };
  },
});

const count = z.object({
  imported: z.int().describe('written now'),
  known: z.int().describe('there already'),
  conflicts: z.int().describe('left out: a key or a name is taken'),
});

const importAll = defineOperation({
  id: 'importLines',
  method: 'post',
  path: '/v1/import',
  summary: 'Bring an export in',
  description:
    'The body is what `GET /v1/export` or `holdfast export` has written, at most HOLDFAST_IMPORT_BYTES_MAX. ' +
    'It is verified to its last line before anything is written: what is cut off, changed or not an export is ' +
    'refused with its line. What is there already stays as it is, so that it may be sent again.',
  access: 'admin',
  query: z.strictObject({
    check: z.enum(['true', 'false']).optional().describe('`true` verifies, and writes nothing'),
  }),
  bodyFormat: 'lines',
  body: z.custom<Iterable<string>>(),
  answers: {
    200: {
      description: 'what is in it, and what became of it',
      schema: z.object({
        lines: z.record(kind, z.int()).describe('by kind'),
        report: z.record(kind, count).nullable().describe('by kind; null with `check`'),
      }),
    },
  },
  refusals: ['export-incomplete'],
  isLong: true,
  handle: async ({ services, query, body }) => {
    const lines = await services.transfer.verify(body);
    const report = query.check === 'true' ? null : await services.transfer.import(body);
    return { body: { lines, report } };
  },
});

export const transferOperations = [exportAll, importAll];
