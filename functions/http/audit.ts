import { z } from 'zod';
import { newId } from '../../src/core/index.js';
import type { Services } from '../services.js';
import type { Principal } from './access.js';
import { problemOf } from './errors.js';
import { defineOperation, type Operation } from './operation.js';
import { definedOf, pageQuery } from './page.js';
import { isoOf } from './promise-view.js';

const entryView = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  tenant: z.string(),
  key: z.object({ id: z.string(), name: z.string() }).describe('who'),
  action: z.string().describe('what: the operation'),
  target: z.string().describe('on what: the path'),
  outcome: z.enum(['done', 'refused', 'failed']),
  status: z.int(),
  code: z.string().nullable().describe('why it was not done'),
});

const list = defineOperation({
  id: 'listAudit',
  method: 'get',
  path: '/v1/audit',
  summary: 'What was administered, by whom, newest first',
  description:
    'Every call that needs the scope `admin` and changes something, and exports, done or refused; kept for 90 days. ' +
    'Keys of a tenant see what was done by keys of their tenant.',
  access: 'admin',
  reach: 'own',
  query: z.strictObject(pageQuery),
  answers: {
    200: {
      description: 'one page',
      schema: z.object({ data: z.array(entryView), nextCursor: z.string().nullable() }),
    },
  },
  handle: async ({ services, principal, query }) => {
    const { tenant } = principal.reach;
    const page = await services.audit.list(
      definedOf({ ...query, tenant: tenant === '' ? undefined : tenant }),
    );
    const data = page.data.map(
      ({ id, at, keyId, keyName, action, target, status, code, ...rest }) => ({
        id,
        at: isoOf(at),
        tenant: rest.tenant,
        key: { id: keyId, name: keyName },
        action,
        target,
        outcome: code === null ? 'done' : status < 500 ? 'refused' : 'failed',
        status,
        code,
      }),
    );
    return { body: { data, nextCursor: page.nextCursor } };
  },
});

export const auditOperations = [list];

export function isAudited({ access, method, isAudited: always = false }: Operation): boolean {
  return always || (access === 'admin' && method !== 'get');
}

/**
 * Runs what administers, and records it with its outcome before it is answered. A record
 * that cannot be kept is logged: administration must be possible when the records are away.
 */
export async function audited<T extends { readonly status?: number }>(
  services: Pick<Services, 'audit' | 'log'>,
  { id: action }: Operation,
  { principal, target }: { readonly principal: Principal; readonly target: string },
  run: () => Promise<T>,
): Promise<T> {
  const record = async (status: number, code: string | null) => {
    const { id: keyId, name: keyName, reach } = principal;
    const who = { tenant: reach.tenant, keyId, keyName };
    const entry = { id: newId(), ...who, action, target, status, code };
    await services.audit.add(entry).catch((error: unknown) => {
      services.log.error('audit-failed', { ...entry, error });
    });
  };
  try {
    const answer = await run();
    await record(answer.status ?? 200, null);
    return answer;
  } catch (error) {
    const { status, code } = problemOf(error);
    await record(status, code);
    throw error;
  }
}
