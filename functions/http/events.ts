import { z } from 'zod';
import {
  EVENT_KINDS,
  type EventPage,
  localName,
  name,
  type PromiseEvent,
} from '../../src/promises/index.js';
import { SEALED_PLACE, type TenantPlaces } from './event-places.js';
import { eventStream, type StreamedPage } from './event-stream.js';
import { lookUntil } from './long-poll.js';
import { type Answer, type Call, defineOperation } from './operation.js';
import { isoOf } from './promise-view.js';
import { find, idParams } from './promises.js';
import { queryWait } from './wait.js';

const LAST_EVENT_ID = 'Last-Event-ID';

const LIMIT = { default: 100, max: 1_000 } as const;
const LIMIT_RULE = `must be a whole number from 1 to ${LIMIT.max}`;

/** Several words in one parameter: `completed,failed`. */
const listOf = <T extends string>(item: z.ZodType<T, string>) =>
  z
    .string()
    .transform((value) => value.split(','))
    .pipe(z.array(item).min(1).max(100));

const kinds = listOf(z.enum(EVENT_KINDS)).describe(
  `comma list of kinds: ${EVENT_KINDS.join(', ')}; default all`,
);

const OLDEST = '0';
const PLACES = `the id of an event, the nextCursor of a page, "now", or "${OLDEST}": the oldest that is kept`;
const after = z
  .union([z.literal(['now', OLDEST]), z.string().regex(SEALED_PLACE)], {
    error: `must be ${PLACES}`,
  })
  .describe(PLACES);

const limit = z
  .string()
  .regex(/^\d{1,4}$/, { error: LIMIT_RULE })
  .transform(Number)
  .refine((value) => value >= 1 && value <= LIMIT.max, { error: LIMIT_RULE })
  .prefault(String(LIMIT.default))
  .describe(LIMIT_RULE);

const pageQuery = {
  kind: kinds.optional(),
  after: after.optional(),
  limit,
  wait: queryWait.optional().describe('hold a page without events back for so long'),
};

const types = listOf(name).describe('comma list of types; default all');

const eventView = z.object({
  id: z.string().describe('its place in the log: go on after it; it says nothing else'),
  kind: z.enum(EVENT_KINDS),
  promise: z.string().describe('the id of the promise'),
  queue: z.string(),
  type: z.string(),
  at: z.iso.datetime(),
  worker: z.string().optional().describe('with claimed: who runs it'),
  error: z
    .object({ code: z.string(), message: z.string() })
    .optional()
    .describe('with retrying, failed and cancelled'),
});

const answers = {
  200: {
    description:
      'one page, oldest first; with `Accept: text/event-stream` a stream of server-sent events',
    schema: z.object({
      data: z.array(eventView),
      nextCursor: z.string().describe('where to go on, also when the page is empty'),
    }),
    stream: true,
  },
} as const;

/** Of streams. */
const REFUSALS = ['too-many-streams', 'streams-full'] as const;

const HOW =
  'With `Accept: text/event-stream` the answer is a stream that goes on where `Last-Event-ID` or `after` ' +
  'says, with a heartbeat every 15 seconds; on Workers it ends after about 35 seconds, and clients come ' +
  'again by themselves. Else it is a page, held back by `wait` until there is something to tell. ' +
  'Events are kept for 3 days.';

const listAll = defineOperation({
  id: 'listEvents',
  method: 'get',
  path: '/v1/events',
  summary: 'What happens to promises, as it happens',
  description: `${HOW} A stream begins now, a page at the oldest event that is kept.`,
  access: 'read',
  reach: 'own',
  query: z.strictObject({ queue: listOf(name).optional(), type: types.optional(), ...pageQuery }),
  answers,
  refusals: REFUSALS,
  handle: (call) => {
    const { queue, type, kind } = call.query;
    return tell(call, { queues: queue, types: type, kinds: kind });
  },
});

const listOfQueue = defineOperation({
  id: 'listQueueEvents',
  method: 'get',
  path: '/v1/queues/{queue}/events',
  summary: 'What happens to the promises of a queue',
  description: `${HOW} A stream begins now, a page at the oldest event that is kept.`,
  access: 'read',
  reach: 'own',
  params: z.strictObject({ queue: name }),
  query: z.strictObject({ type: types.optional(), ...pageQuery }),
  answers,
  refusals: REFUSALS,
  handle: (call) => {
    const { type, kind } = call.query;
    return tell(call, { queues: [call.params.queue], types: type, kinds: kind });
  },
});

const listOfPromise = defineOperation({
  id: 'listPromiseEvents',
  method: 'get',
  path: '/v1/promises/{id}/events',
  summary: 'What happens to one promise',
  description: `${HOW} Both begin with the oldest event that is kept.`,
  access: 'read',
  reach: 'own',
  params: idParams,
  query: z.strictObject(pageQuery),
  answers,
  refusals: ['not-found', ...REFUSALS],
  handle: async (call) => {
    const { services, params, query } = call;
    await find(services, params.id);
    const read = (place: string, size: number) =>
      services.events.readOf(params.id, { after: place, kinds: query.kind, limit: size });
    return answerWith(call, read, OLDEST);
  },
});

export const eventOperations = [listAll, listOfQueue, listOfPromise];

interface EventQuery {
  readonly after?: string | undefined;
  readonly wait?: number | undefined;
  readonly limit: number;
}
type EventCall = Call<unknown, EventQuery, unknown>;
type Read = (after: string, limit: number) => Promise<EventPage>;

interface Filter {
  readonly queues: readonly string[] | undefined;
  readonly types: readonly string[] | undefined;
  readonly kinds: readonly string[] | undefined;
}

function tell(call: EventCall, { queues, ...filter }: Filter): Promise<Answer> {
  const { services, principal } = call;
  const scope = principal.reach;
  const stored = queues?.map((queue) => services.store.queues.require(queue));
  const read: Read = (place, limit) =>
    services.events.read({ ...filter, queues: stored, scope, after: place, limit });
  return answerWith(call, read, 'now');
}

/**
 * @param streamFrom where a stream begins that says nothing of it
 * @throws InputInvalidError naming the place that is none of this tenant
 */
async function answerWith(call: EventCall, read: Read, streamFrom: string): Promise<Answer> {
  const { services, query, headers, signal, principal } = call;
  const places = await services.eventPlaces.of(principal.reach.tenant);
  const isStream = headers.get('Accept')?.includes('text/event-stream') ?? false;
  const resumed = isStream ? headers.get(LAST_EVENT_ID) : null;
  const [path, asked] =
    resumed === null
      ? ['after', query.after ?? (isStream ? streamFrom : OLDEST)]
      : [LAST_EVENT_ID, resumed];
  const from = { after: await placeOf(path, asked, call, places) };
  const look = async (place: string) => {
    const { events, next } = await read(place, query.limit);
    return { events: await viewsOf(events, places), next };
  };
  if (!isStream) return pageOf(call, places, () => look(from.after));
  const close = services.streamLimits.open(principal.id);
  const source = { ...from, read: look, idOf: (place: string) => places.cursor(place) };
  const { body, ended } = eventStream(source, { waiting: services.waiting, signal });
  services.later(() => ended.finally(close));
  return {
    body,
    headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' },
  };
}

async function placeOf(
  path: string,
  asked: string,
  { services }: EventCall,
  places: TenantPlaces,
): Promise<string> {
  if (asked === OLDEST) return OLDEST;
  return asked === 'now' ? services.events.latest() : places.open(path, asked);
}

async function pageOf(
  { services, query, signal }: EventCall,
  places: TenantPlaces,
  look: () => Promise<StreamedPage<EventView>>,
): Promise<Answer> {
  const isDone = ({ events }: StreamedPage<EventView>) => events.length > 0;
  const seen = await lookUntil({ look, isDone }, query.wait ?? 0, signal, services.waiting);
  return { body: { data: seen.events, nextCursor: await places.cursor(seen.next) } };
}

type EventView = z.output<typeof eventView>;

function viewsOf(events: readonly PromiseEvent[], places: TenantPlaces): Promise<EventView[]> {
  return Promise.all(
    events.map(async ({ id, kind, promiseId, queue, type, at, worker, error }) => ({
      id: await places.id(id),
      kind,
      promise: promiseId,
      queue: localName(queue),
      type,
      at: isoOf(at),
      ...(worker === undefined ? {} : { worker }),
      ...(error === undefined ? {} : { error }),
    })),
  );
}
