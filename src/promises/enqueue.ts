import { HoldfastError, type Json } from '../core/index.js';
import type { SqlClock, Statement } from '../db/index.js';
import type { Ticket } from './answers.js';
import { madeEvent } from './events.js';
import { groupBy } from './group.js';
import {
  ENTER_LANES,
  INSERT_ALIKE,
  INSERT_BODIES,
  INSERT_BY_RUN,
  INSERT_CALLBACKS,
  INSERT_DEPENDENCIES,
  INSERT_EACH,
  INSERT_ORIGINS,
  INSERT_TAGS,
  SELECT_ALIKE,
  SELECT_MADE,
  SHAPE,
  type Shape,
} from './insert.js';
import { LIMITS } from './limits.js';
import { countEnqueued } from './lines.js';
import { inParts, type Operation } from './operation.js';
import { type NewPromise, PROMISE_DEFAULTS, type PromiseRecord } from './promise.js';
import { numberOf, promiseOf, textOf } from './row.js';
import { uniqueRuleOf, uniqueStatements } from './unique.js';

/** A promise to be made, with the id its maker gave it (UUIDv7). */
export type Enqueue = NewPromise & { readonly id: string };

/**
 * `{ ...promise, id }` in a form that V8 likes: a property after a spread gives each object a
 * hidden class of its own, and whatever reads one of them then misses every cache.
 */
export function withId(promise: NewPromise, id: string): Enqueue {
  return Object.assign({}, promise, { id });
}

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
  readonly uniqueKey: string | null;
  /** All but id, keys and payload. */
  readonly columns: Shape;
  /** The same as a JSON array, as `SHAPE` has it. */
  readonly shape: string;
  /** True when nothing but the insert belongs to it. */
  readonly isPlain: boolean;
  /** The length of everything that travels. */
  readonly length: number;
  /** The call that makes it, when that is to be answered the same again. */
  readonly ticket?: Ticket | undefined;
}

/** Fewer promises alike are not worth a statement of their own. */
const ALIKE_MIN = 4;

/**
 * Makes an enqueue's texts.
 * @param uniqueKey what makes it one with others (see `uniqueKeyOf`)
 * @throws HoldfastError `payload-too-large`
 */
export function prepareEnqueue(input: Enqueue, uniqueKey: string | null): PreparedEnqueue {
  const payload = JSON.stringify(input.payload ?? null);
  if (payload.length > LIMITS.bodyLengthMax) {
    throw new HoldfastError(
      'payload-too-large',
      `payload: must be at most ${LIMITS.bodyLengthMax} characters of JSON (received ${payload.length})`,
      { details: { length: payload.length, lengthMax: LIMITS.bodyLengthMax } },
    );
  }
  const queue = input.queue ?? PROMISE_DEFAULTS.queue;
  const { columns, shape } = shapeTextOf(input, queue, uniqueKey);
  const isPlain =
    uniqueKey === null &&
    input.key === undefined &&
    input.tags === undefined &&
    input.callbackUrl === undefined &&
    input.origin === undefined &&
    !mayWait(input);
  const length = payload.length + shape.length + 40 * (input.dependsOn?.length ?? 0) + 100;
  return { input, queue, uniqueKey, payload, columns, shape, isPlain, length };
}

/** True for what begins as `waiting`: its answer must be read after its parents and lane were looked at. */
export function mayWait(input: Enqueue): boolean {
  return input.dependsOn !== undefined || input.concurrencyKey !== undefined;
}

/**
 * True when the same shape says both. Each field that is in the shape stands here, one by
 * one: a loop over their names costs more than making the shape. A test asks for each.
 */
function isShapedAlike(one: Enqueue, other: Enqueue): boolean {
  return (
    one.type === other.type &&
    one.priority === other.priority &&
    one.runAt === other.runAt &&
    one.delay === other.delay &&
    one.metadata === other.metadata &&
    one.maxAttempts === other.maxAttempts &&
    one.backoff === other.backoff &&
    one.timeout === other.timeout &&
    one.expiresAt === other.expiresAt &&
    one.concurrencyKey === other.concurrencyKey &&
    one.dependsOn === other.dependsOn &&
    one.onParentFailure === other.onParentFailure &&
    one.unique === other.unique &&
    one.debounce === other.debounce &&
    one.throttle === other.throttle
  );
}

interface ShapeText {
  readonly columns: Shape;
  readonly shape: string;
}

/** Of the promise before: a thousand of a batch are mostly alike. */
let before: (ShapeText & { input: Enqueue; queue: string; uniqueKey: string | null }) | undefined;

function shapeTextOf(input: Enqueue, queue: string, uniqueKey: string | null): ShapeText {
  if (before !== undefined && before.queue === queue && before.uniqueKey === uniqueKey) {
    if (isShapedAlike(input, before.input)) return before;
  }
  const columns = shapeOf(input, queue, uniqueKey);
  const shape = JSON.stringify(SHAPE.map((column) => columns[column]));
  before = { input, queue, uniqueKey, columns, shape };
  return before;
}

function shapeOf(input: Enqueue, queue: string, uniqueKey: string | null): Shape {
  const rule = uniqueRuleOf(input);
  return {
    type: input.type,
    queue,
    priority: input.priority ?? PROMISE_DEFAULTS.priority,
    runAt: input.runAt ?? null,
    delay: input.debounce?.wait ?? input.delay ?? 0,
    metadata: input.metadata === undefined ? null : JSON.stringify(input.metadata),
    maxAttempts: input.maxAttempts ?? PROMISE_DEFAULTS.maxAttempts,
    backoff: input.backoff === undefined ? null : JSON.stringify(input.backoff),
    timeoutMs: input.timeout ?? PROMISE_DEFAULTS.timeoutMs,
    expiresAt: input.expiresAt ?? null,
    lane: input.concurrencyKey ?? null,
    onParentFailure: input.dependsOn === undefined ? null : (input.onParentFailure ?? 'fail'),
    uniqueScope: uniqueKey === null ? null : rule.scope,
    uniquePeriod: rule.periodMs,
  };
}

type Made = readonly PromiseRecord[];

/** A run that makes promises: they are made if it still has its own. */
export interface Maker {
  readonly id: string;
  readonly fence: number;
}

/** Inserts a set. Answers with what it made; what is missing was known before (see `selectMade`). */
export function enqueueOperation(
  set: readonly PreparedEnqueue[],
  clock: SqlClock,
  maker?: Maker,
): Operation<Map<string, PromiseRecord>> {
  const isAlike = (one: PreparedEnqueue) => one.isPlain && maker === undefined;
  const shapes = groupBy(set, (one) => (isAlike(one) ? one.shape : ''));
  const [alike, rest]: [PreparedEnqueue[][], PreparedEnqueue[]] = [[], []];
  for (const [shape, group] of shapes) {
    if (shape !== '' && group.length >= ALIKE_MIN) alike.push(group);
    else rest.push(...group);
  }
  const lines = groupBy(rest, (one) =>
    JSON.stringify([one.queue, one.input.type, mayWait(one.input)]),
  );
  const parts = [
    ...alike.map((group) => alikePart(group, clock)),
    ...[...lines.values()].map((group) => eachPart(group, clock, maker)),
  ];
  return inParts(parts, (made) => {
    const byId = new Map<string, PromiseRecord>();
    for (const part of made) for (const promise of part) byId.set(promise.id, promise);
    return byId;
  });
}

function alikePart(group: readonly PreparedEnqueue[], clock: SqlClock): Operation<Made> {
  const [first] = group;
  return {
    statements: [
      { sql: INSERT_ALIKE, args: [clock(), alikeOf(group), first?.shape ?? null] },
      { sql: SELECT_ALIKE, args: [first?.input.id ?? null] },
      ...laterStatements(group, clock),
    ],
    read: ([, alike]) => {
      const row = alike?.rows[0];
      if (row === undefined || row.made !== group.length) return [];
      const times = { runAt: numberOf(row, 'run_at'), createdAt: numberOf(row, 'created_at') };
      return group.map((one) => freshPromise(one, times));
    },
  };
}

function eachPart(
  group: readonly PreparedEnqueue[],
  clock: SqlClock,
  maker: Maker | undefined,
): Operation<Made> {
  const items = group.map((one) => [
    one.input.id,
    isLarge(one) ? one.payload.length : one.payload,
    one.input.key ?? null,
    one.uniqueKey,
    one.shape,
  ]);
  const byId = new Map(group.map((one) => [one.input.id, one]));
  const before = uniqueStatements(group, clock);
  return {
    statements: [
      ...before,
      maker === undefined
        ? { sql: INSERT_EACH, args: [clock(), JSON.stringify(items)] }
        : { sql: INSERT_BY_RUN, args: [clock(), JSON.stringify(items), maker.id, maker.fence] },
      ...laterStatements(group, clock),
      ...relationStatements(group),
    ],
    read: (results) =>
      (results[before.length]?.rows ?? []).flatMap((row) => {
        const one = byId.get(textOf(row, 'id'));
        const times = { runAt: numberOf(row, 'run_at'), createdAt: numberOf(row, 'created_at') };
        return one === undefined ? [] : [freshPromise(one, times)];
      }),
  };
}

/** The event first: it takes `changes()` of the insert, and the counter what the event moved. */
function laterStatements(group: readonly PreparedEnqueue[], clock: SqlClock): Statement[] {
  const [first] = group as [PreparedEnqueue];
  const line = { queue: first.queue, type: first.input.type };
  const event = madeEvent({ ...line, ids: group.map((one) => one.input.id) }, clock);
  const counted = [event, countEnqueued(line, mayWait(first.input) ? 'waiting' : 'pending')];
  const large = group.filter(isLarge);
  if (large.length === 0) return counted;
  const bodies = objectOf(large, (one) => JSON.stringify(one.payload));
  return [...counted, { sql: INSERT_BODIES, args: [bodies] }];
}

/** Tags, callbacks, origins, parents and lanes of promises that were just made. */
function relationStatements(group: readonly PreparedEnqueue[]): Statement[] {
  const tags = group.flatMap(({ input }) => (input.tags ?? []).map((tag) => [input.id, tag]));
  const parents = group.flatMap(({ input }) =>
    (input.dependsOn ?? []).map((parent) => [input.id, parent]),
  );
  const callbacks = group
    .filter(({ input }) => input.callbackUrl !== undefined)
    .map(({ input }) => [input.id, input.callbackUrl]);
  const origins = group
    .filter(({ input }) => input.origin !== undefined)
    .map(({ input }) => [input.id, JSON.stringify(input.origin)]);
  const lanes = group
    .filter(({ input }) => input.concurrencyKey !== undefined && input.dependsOn === undefined)
    .map(({ queue, input }) => [queue, input.concurrencyKey]);
  return [
    { sql: INSERT_TAGS, rows: tags },
    { sql: INSERT_CALLBACKS, rows: callbacks },
    { sql: INSERT_ORIGINS, rows: origins },
    { sql: INSERT_DEPENDENCIES, rows: parents },
    { sql: ENTER_LANES, rows: lanes },
  ]
    .filter(({ rows }) => rows.length > 0)
    .map(({ sql, rows }) => ({ sql, args: [JSON.stringify(rows)] }));
}

function isLarge(one: PreparedEnqueue): boolean {
  return one.payload.length > LIMITS.inlineLengthMax;
}

function alikeOf(group: readonly PreparedEnqueue[]): string {
  return objectOf(group, (one) =>
    isLarge(one) ? `${one.payload.length}` : JSON.stringify(one.payload),
  );
}

/** {id: …}, made by hand: an object with a thousand keys of its own is slow to build. Ids need no escape. */
function objectOf(
  group: readonly PreparedEnqueue[],
  textOfOne: (one: PreparedEnqueue) => string,
): string {
  return `{${group.map((one) => `"${one.input.id}":${textOfOne(one)}`).join(',')}}`;
}

/** A promise that a set asked for, by id or by what makes it unique. */
export interface Known {
  readonly promise: PromiseRecord;
  readonly uniqueKey: string | null;
}

/** Reads the promises that a set asked for. */
export function selectMade(set: readonly PreparedEnqueue[]): Operation<Known[]> {
  const asked = set.map(({ input: { id, type }, uniqueKey }) => ({ id, key: uniqueKey, type }));
  const statement = { sql: SELECT_MADE, args: [JSON.stringify(asked)] };
  return {
    statements: set.length === 0 ? [] : [statement],
    read: (results) =>
      results.flatMap(({ rows }) =>
        rows.map((row) => ({
          promise: promiseOf(row),
          uniqueKey: row.unique_key === null ? null : textOf(row, 'unique_key'),
        })),
      ),
  };
}

/** A promise as it is right after it was made. */
export function freshPromise(
  { input, queue }: Pick<PreparedEnqueue, 'input' | 'queue'>,
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
    expiresAt: input.expiresAt ?? null,
    concurrencyKey: input.concurrencyKey ?? null,
    progress: null,
  };
}
