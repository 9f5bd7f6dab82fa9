import type { Migration } from '../db/index.js';

/** JSON, by type: which version of each handler claimed. One text a claim, and nothing a promise. */
const VERSIONS = 'ALTER TABLE claims ADD COLUMN versions TEXT';

export const handlerVersionMigrations: readonly Migration[] = [
  { version: 140, name: 'handler versions', statements: [VERSIONS] },
];

/** Of a promise `p` and its claim `c`: what runs it. Names of types need no escaping in a path but quotes. */
export const HANDLER_VERSION = `json_extract(c.versions, '$."' || p.type || '"')`;
