import type { Migration } from '../db/index.js';

/** The list of one tenant; the default tenant's promises, which are the many, are not in it. */
const TENANT_INDEX = `
CREATE INDEX promises_by_tenant ON promises (substr(queue, 1, instr(queue, '/')))
WHERE queue >= '@' AND queue < 'A'`;

export const tenantMigrations: readonly Migration[] = [
  { version: 20, name: 'tenants', statements: [TENANT_INDEX] },
];
