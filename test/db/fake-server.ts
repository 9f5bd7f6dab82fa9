import type { Clock } from '../../src/core/index.js';

/** A clock that jumps instead of waiting: ten minutes pass in a moment. */
export class JumpingClock implements Clock {
  #now = 1_800_000_000_000;

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number): Promise<void> {
    this.#now += ms;
    return Promise.resolve();
  }
}

type Reply = Response | Error | ((request: Request) => Response | Promise<Response>);

/** Stands in for `fetch`: answers as a server would, or as a broken one, and counts. */
export class FakeServer {
  readonly requests: Request[] = [];
  /** The replies of the next requests; when there are none left, `otherwise`. */
  readonly next: Reply[] = [];
  otherwise: Reply;

  constructor(otherwise: Reply = (request) => carryOut(request)) {
    this.otherwise = otherwise;
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    this.requests.push(request.clone());
    const reply = this.next.shift() ?? this.otherwise;
    if (reply instanceof Error) throw reply;
    return typeof reply === 'function' ? await reply(request) : reply.clone();
  };
}

/** The answer of a healthy server to one pipeline: every statement succeeds and returns nothing. */
export async function carryOut(request: Request): Promise<Response> {
  const { requests } = (await request.json()) as {
    requests: { type: string; batch?: { steps: unknown[] } }[];
  };
  const none = {
    cols: [],
    rows: [],
    affected_row_count: 0,
    last_insert_rowid: null,
    rows_read: 3,
    rows_written: 2,
  };
  const results = requests.map(({ type, batch }) => {
    if (type === 'execute') return { type: 'ok', response: { type, result: none } };
    if (type !== 'batch') return { type: 'ok', response: { type } };
    const steps = batch?.steps ?? [];
    const result = { step_results: steps.map(() => none), step_errors: steps.map(() => null) };
    return { type: 'ok', response: { type, result } };
  });
  return Response.json({ baton: null, base_url: null, results });
}

/** What a statement of a batch answers when the server is busy: its BEGIN was refused. */
export async function refuseBusy(request: Request): Promise<Response> {
  const { requests } = (await request.json()) as {
    requests: { type: string; batch?: { steps: unknown[] } }[];
  };
  const results = requests.map(({ type, batch }) => {
    if (type !== 'batch') return { type: 'ok', response: { type } };
    const steps = batch?.steps ?? [];
    const error = { message: 'database is locked', code: 'SQLITE_BUSY' };
    const result = {
      step_results: steps.map(() => null),
      step_errors: steps.map((_, at) => (at === 0 ? error : null)),
    };
    return { type: 'ok', response: { type, result } };
  });
  return Response.json({ baton: null, base_url: null, results });
}

export const connectionRefused = () =>
  new TypeError('fetch failed', {
    cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
  });

export const connectionReset = () =>
  new TypeError('fetch failed', {
    cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
  });
