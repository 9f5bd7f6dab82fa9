import type { Migration } from '../db/index.js';
import { EVENT_KINDS } from './events.js';
import { SETTLED, sqlList } from './states.js';

/** The type of promises that tell others what happened, and the line they stand in. */
export const CALLBACK = { type: 'callback', queue: 'callbacks' } as const;

/** Where to tell that a promise is settled. */
const CALLBACKS = `
CREATE TABLE callbacks (
  promise_id TEXT NOT NULL PRIMARY KEY,
  url TEXT NOT NULL
) STRICT, WITHOUT ROWID`;

/** Where to tell of events. Lists are JSON arrays; null is all. Queues are as they are stored. */
const SUBSCRIPTIONS = `
CREATE TABLE subscriptions (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  url TEXT NOT NULL,
  kinds TEXT NOT NULL,
  types TEXT,
  queues TEXT,
  secret TEXT NOT NULL,
  previous_secret TEXT,
  previous_until INTEGER,
  paused TEXT,
  created_at INTEGER NOT NULL
) STRICT`;

const SUBSCRIPTIONS_INDEX = 'CREATE INDEX subscriptions_by_tenant ON subscriptions (tenant, seq)';

interface Line {
  readonly type: string;
  readonly queue: string;
}

/** The tries that Standard Webhooks proposes: soon, then over three days. */
const DELIVERY = {
  maxAttempts: 10,
  timeoutMs: 30_000,
  backoff: JSON.stringify({
    kind: 'custom',
    delays: [
      5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000,
      86_400_000,
    ],
    jitter: 0.1,
  }),
} as const;

/** The line of that name of the tenant whose promise it is. */
const queueOf = (queue: string) =>
  `iif(NEW.queue LIKE '@%/%', substr(NEW.queue, 1, instr(NEW.queue, '/')), '') || '${queue}'`;
const TENANT = "iif(NEW.queue LIKE '@%/%', substr(NEW.queue, 2, instr(NEW.queue, '/') - 2), '')";

const KIND = `(SELECT key FROM json_each('${JSON.stringify(EVENT_KINDS)}') WHERE value = NEW.kind)`;
const FENCE = '(SELECT fence FROM promises WHERE id = given.value)';

/**
 * The id of a delivery is of version 8: when, what, under which fence, to whom, and the end of the
 * promise's own id. So it is there once, whoever writes it, needs no dice, and counts nothing that
 * tenants share.
 * @param target a number of its own for each that the promise's tenant has
 */
export const idOf = (target: string, channel: 0 | 1 = 0) => `
printf('%08x-%04x-8%03x-%04x-%s', NEW.at >> 16, NEW.at & 65535,
  ${channel * 2_048} + (${KIND} << 7) + (${FENCE} & 127), 32768 + (${target} & 16383),
  substr(given.value, -12))`;

/** Makes the promises of `line` that `from` selects, as `id`, `promise` and `target`: whom to tell. */
export const deliver = (line: Line, target: string, from: string) => `
  INSERT INTO promises (id, type, queue, status, priority, run_at, payload, payload_length,
    max_attempts, backoff, timeout_ms, created_at)
  SELECT made.id, '${line.type}', ${queueOf(line.queue)}, 'pending', 5, NEW.at, made.payload,
    length(made.payload), ${DELIVERY.maxAttempts}, '${DELIVERY.backoff}', ${DELIVERY.timeoutMs},
    NEW.at
  FROM (
    SELECT told.id, json_object(${target}, 'event', json_object('id', told.id, 'kind', NEW.kind,
      'promise', told.promise, 'queue', NEW.queue, 'type', NEW.type, 'at', NEW.at)) AS payload
    FROM (${from}) told
  ) made
  WHERE true ON CONFLICT (id) DO NOTHING;
  INSERT INTO lines (queue, type, pending)
  SELECT ${queueOf(line.queue)}, '${line.type}', changes() WHERE changes() > 0
  ON CONFLICT (queue, type) DO UPDATE SET pending = pending + excluded.pending;`;

const among = (word: string, list: string) =>
  `(${list} IS NULL OR EXISTS (SELECT 1 FROM json_each(${list}) WHERE value = ${word}))`;

/** From 1: among those of its tenant. */
const ORDINAL =
  '(SELECT count(*) FROM subscriptions o WHERE o.tenant = s.tenant AND o.seq <= s.seq)';

/**
 * What happened is told by promises that are made in its own write. While nobody is to be
 * told anything, this costs two looks at empty tables.
 */
export const DELIVER = `
CREATE TRIGGER events_delivered AFTER INSERT ON events
WHEN NEW.moved > 0 AND NEW.type <> '${CALLBACK.type}'
  AND (EXISTS (SELECT 1 FROM callbacks) OR EXISTS (SELECT 1 FROM subscriptions))
BEGIN${deliver(
  CALLBACK,
  "'url', told.target",
  `
    SELECT ${idOf('0')} AS id, given.value AS promise, c.url AS target
    FROM json_each(NEW.ids) given CROSS JOIN callbacks c ON c.promise_id = given.value
    WHERE NEW.kind IN (${sqlList(SETTLED)})`,
)}${deliver(
  CALLBACK,
  "'subscription', told.target",
  `
    SELECT ${idOf(ORDINAL)} AS id, given.value AS promise, s.id AS target
    FROM subscriptions s CROSS JOIN json_each(NEW.ids) given
    WHERE s.tenant = ${TENANT} AND s.paused IS NULL AND ${among('NEW.kind', 's.kinds')}
      AND ${among('NEW.type', 's.types')} AND ${among('NEW.queue', 's.queues')}`,
)}
END`;

export const callbackMigrations: readonly Migration[] = [
  {
    version: 31,
    name: 'callbacks',
    statements: [CALLBACKS, SUBSCRIPTIONS, SUBSCRIPTIONS_INDEX, DELIVER],
  },
];
