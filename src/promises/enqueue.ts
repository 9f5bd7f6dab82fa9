import { HoldfastError, type Json } from '../core/index.js';
import { NOW, type SqlClock, type Statement } from '../db/index.js';
import { groupBy } from './group.js';
import { countEnqueued } from './lines.js';
import { LIMITS } from './limits.js';
import { inParts, type Operation } from './operation.js';
import { type NewPromise, PROMISE_DEFAULTS, type PromiseRecord } from './promise.js';
import { numberOf, promiseOf, SELECT_PROMISES, textOf } from './row.js';

/** A promise to be made, with the id its maker gave it (UUIDv7). */
export type Enqueue = NewPromise & { readonly id: string };

export interface Enqueued {
  readonly promise: PromiseRecord;
  /** True when the key was known: `promise` is the one made before. */
  readonly deduplicated: boolean;
}

/** An enqueue with its texts made once. */
export interface PreparedEnqueue {
  readonly input: Enqueue;
  readonly queue: string;
  readonly payload: string;
  /** All but id, key and payload, as a JSON array: what `SHAPE` names. */
  readonly shape: string;
  /** The length of everything that travels. */
  readonly length: number;
}

/** Where the columns of `shape` stand in it. */
const SHAPE = [
  'type',
  'queue',
  'priority',
  'runAt',
  'delay',
  'metadata',
  'maxAttempts',
  'backoff',
  'timeoutMs',
];

/** Texts of the user stay strings inside the set (F13); a payload over 512 bytes goes to `bodies`. */
const insertFrom = (set: { id: string; payload: string; key: string; shape: string }) => {
  const shape = (column: string) => `(${set.shape} ->> ${SHAPE.indexOf(column)})`;
  return `
INSERT INTO promises (id, type, queue, status, priority, run_at, key, payload, payload_length,
  metadata, max_attempts, backoff, timeout_ms, created_at)
SELECT ${set.id}, ${shape('type')}, ${shape('queue')}, 'pending', ${shape('priority')},
  coalesce(${shape('runAt')}, now + ${shape('delay')}), ${set.key},
  iif(length(${set.payload}) <= ${LIMITS.inlineLengthMax}, ${set.payload}, NULL),
  length(${set.payload}), ${shape('metadata')}, ${shape('maxAttempts')}, ${shape('backoff')},
  ${shape('timeoutMs')}, now
FROM (SELECT ${NOW} AS now) CROSS JOIN json_each(?2) WHERE true
ON CONFLICT DO NOTHING`;
};

/** Promises that differ in id and payload only: `?2` is {id: payload}, `?3` their shape. */
const INSERT_ALIKE = insertFrom({ id: 'key', payload: 'value', key: 'NULL', shape: '?3' });

/** After `INSERT_ALIKE`: how many it made; they share the times of the first, `?1`. */
const SELECT_ALIKE = 'SELECT changes() AS made, run_at, created_at FROM promises WHERE id = ?1';

/** Any promises of one line: `?2` is an array of [id, payload, key, shape]. */
const INSERT_EACH = `${insertFrom({
  id: 'value ->> 0',
  payload: 'value ->> 1',
  key: 'value ->> 2',
  shape: '(value ->> 3)',
})}
RETURNING id, run_at, created_at`;

/** Bodies of a set, `?1` as {id: payload}. A promise that was not made leaves no body behind. */
const INSERT_BODIES = `
INSERT INTO bodies (promise_id, part, body)
SELECT given.key, 'payload', given.value FROM json_each(?1) given
WHERE length(given.value) > ${LIMITS.inlineLengthMax}
  AND EXISTS (SELECT 1 FROM promises WHERE id = given.key)
ON CONFLICT DO NOTHING`;

const SELECT_MADE = `
${SELECT_PROMISES} WHERE p.id IN (SELECT value ->> 'id' FROM json_each(?1))
UNION ALL
${SELECT_PROMISES} JOIN (
  SELECT value ->> 'key' AS key, value ->> 'type' AS type, value ->> 'id' AS id FROM json_each(?1)
) asked ON p.key = asked.key AND p.type = asked.type AND p.id <> asked.id`;

/** Fewer promises alike are not worth a statement of their own. */
const ALIKE_MIN = 4;

/**
 * Makes an enqueue's texts.
 * @throws HoldfastError `payload-too-large`
 */
export function prepareEnqueue(input: Enqueue): PreparedEnqueue {
  const payload = JSON.stringify(input.payload ?? null);
  if (payload.length > LIMITS.bodyLengthMax) {
    throw new HoldfastError(
      'payload-too-large',
      `payload: must be at most ${LIMITS.bodyLengthMax} characters of JSON (received ${payload.length})`,
      { details: { length: payload.length, lengthMax: LIMITS.bodyLengthMax } },
    );
  }
  const queue = input.queue ?? PROMISE_DEFAULTS.queue;
  const shape = JSON.stringify([
    input.type,
    queue,
    input.priority ?? PROMISE_DEFAULTS.priority,
    input.runAt ?? null,
    input.delay ?? 0,
    input.metadata === undefined ? null : JSON.stringify(input.metadata),
    input.maxAttempts ?? PROMISE_DEFAULTS.maxAttempts,
    input.backoff === undefined ? null : JSON.stringify(input.backoff),
    input.timeout ?? PROMISE_DEFAULTS.timeoutMs,
  ]);
  return { input, queue, payload, shape, length: payload.length + shape.length + 100 };
}

type Made = readonly (readonly [PreparedEnqueue, PromiseRecord])[];

/** Inserts a set. Answers with what it made; what is missing was known before (see `selectMade`). */
export function enqueueOperation(
  set: readonly PreparedEnqueue[],
  clock: SqlClock,
): Operation<Map<string, PromiseRecord>> {
  const shapes = groupBy(set, (one) => (one.input.key === undefined ? one.shape : ''));
  const [alike, rest]: [PreparedEnqueue[][], PreparedEnqueue[]] = [[], []];
  for (const [shape, group] of shapes) {
    if (shape !== '' && group.length >= ALIKE_MIN) alike.push(group);
    else rest.push(...group);
  }
  const lines = groupBy(rest, (one) => JSON.stringify([one.queue, one.input.type]));
  const parts = [
    ...alike.map((group) => alikePart(group, clock)),
    ...[...lines.values()].map((group) => eachPart(group, clock)),
  ];
  return inParts(
    parts,
    (made) => new Map(made.flat().map(([one, promise]) => [one.input.id, promise])),
  );
}

function alikePart(group: readonly PreparedEnqueue[], clock: SqlClock): Operation<Made> {
  const [first] = group;
  const payloads = payloadsOf(group);
  return {
    statements: [
      { sql: INSERT_ALIKE, args: [clock(), payloads, first?.shape ?? null] },
      { sql: SELECT_ALIKE, args: [first?.input.id ?? null] },
      ...laterStatements(group, payloads),
    ],
    read: ([, alike]) => {
      const row = alike?.rows[0];
      if (row === undefined || row.made !== group.length) return [];
      const times = { runAt: numberOf(row, 'run_at'), createdAt: numberOf(row, 'created_at') };
      return group.map((one) => [one, freshPromise(one, times)]);
    },
  };
}

function eachPart(group: readonly PreparedEnqueue[], clock: SqlClock): Operation<Made> {
  const items = group.map((one) => [one.input.id, one.payload, one.input.key ?? null, one.shape]);
  const byId = new Map(group.map((one) => [one.input.id, one]));
  return {
    statements: [
      { sql: INSERT_EACH, args: [clock(), JSON.stringify(items)] },
      ...laterStatements(group, payloadsOf(group)),
    ],
    read: ([inserted]) =>
      (inserted?.rows ?? []).flatMap((row) => {
        const one = byId.get(textOf(row, 'id'));
        const times = { runAt: numberOf(row, 'run_at'), createdAt: numberOf(row, 'created_at') };
        return one === undefined ? [] : [[one, freshPromise(one, times)]];
      }),
  };
}

/** The counter first: it takes `changes()` of the insert. */
function laterStatements(group: readonly PreparedEnqueue[], payloads: string): Statement[] {
  const [first] = group;
  const counted = countEnqueued(first?.queue ?? '', first?.input.type ?? '');
  const hasBodies = group.some((one) => one.payload.length > LIMITS.inlineLengthMax);
  return hasBodies ? [counted, { sql: INSERT_BODIES, args: [payloads] }] : [counted];
}

/** Made by hand: an object with a thousand keys of its own is slow to build. Ids need no escape. */
function payloadsOf(group: readonly PreparedEnqueue[]): string {
  const pairs = group.map((one) => `"${one.input.id}":${JSON.stringify(one.payload)}`);
  return `{${pairs.join(',')}}`;
}

/** Reads the promises that a set asked for, by id or by key. */
export function selectMade(set: readonly PreparedEnqueue[]): Operation<PromiseRecord[]> {
  const asked = set.map(({ input: { id, key, type } }) => ({ id, key: key ?? null, type }));
  return {
    statements: [{ sql: SELECT_MADE, args: [JSON.stringify(asked)] }],
    read: (results) => results.flatMap((result) => result.rows.map(promiseOf)),
  };
}

function freshPromise(
  { input, queue }: PreparedEnqueue,
  times: { readonly createdAt: number; readonly runAt: number },
): PromiseRecord {
  return {
    id: input.id,
    type: input.type,
    queue,
    status: 'pending',
    priority: input.priority ?? PROMISE_DEFAULTS.priority,
    payload: (input.payload ?? null) as Json,
    key: input.key ?? null,
    metadata: input.metadata ?? null,
    attempt: 0,
    maxAttempts: input.maxAttempts ?? PROMISE_DEFAULTS.maxAttempts,
    backoff: input.backoff ?? null,
    timeoutMs: input.timeout ?? PROMISE_DEFAULTS.timeoutMs,
    fence: 0,
    epoch: 0,
    crashes: 0,
    ...times,
    startedAt: null,
    error: null,
  };
}
