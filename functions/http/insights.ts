import { z } from 'zod';
import { json } from '../../src/core/index.js';
import { INSIGHT_KINDS, type Insight } from '../../src/records/index.js';
import { defineOperation } from './operation.js';
import { definedOf, pageQuery } from './page.js';
import { isoOf } from './promise-view.js';

const insightView = z.object({
  id: z.string(),
  kind: z.enum(INSIGHT_KINDS),
  title: z.string(),
  text: z.string(),
  data: json.describe('the figures that it stands on'),
  from: z.iso.datetime().describe('the period'),
  to: z.iso.datetime(),
  at: z.iso.datetime().describe('when it was found'),
});

function viewOf({ from, to, at, ...insight }: Insight) {
  return { ...insight, from: isoOf(from), to: isoOf(to), at: isoOf(at) };
}

const list = defineOperation({
  id: 'listInsights',
  method: 'get',
  path: '/v1/insights',
  summary: 'What the analysis has found out, newest first',
  description:
    'Every 6 hours, and with `POST /v1/maintenance/analysis`: a summary of the period at least.',
  access: 'read',
  query: z.strictObject({ ...pageQuery, kind: z.enum(INSIGHT_KINDS).optional() }),
  answers: {
    200: {
      description: 'one page',
      schema: z.object({ data: z.array(insightView), nextCursor: z.string().nullable() }),
    },
  },
  handle: async ({ services, query }) => {
    const { data, nextCursor } = await services.insights.list(definedOf(query));
    return { body: { data: data.map(viewOf), nextCursor } };
  },
});

export const insightOperations = [list];
