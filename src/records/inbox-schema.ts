import type { Migration } from '../db/index.js';

/** What waits for a promise to be made of it, by chat. */
const RECEIVED = `
CREATE INDEX messages_received ON messages (chat, id)
WHERE status = 'received'`;

/** What has a promise, for the sweep. */
const QUEUED = `
CREATE INDEX messages_queued ON messages (id)
WHERE status = 'queued'`;

export const inboxMigrations: readonly Migration[] = [
  { version: 100, name: 'open messages', statements: [RECEIVED, QUEUED] },
];
