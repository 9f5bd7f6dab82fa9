import type { Clock } from '../../src/core/index.js';
import { carriedOut, expired, type Pipeline, refusedBusy } from '../support/pipeline.js';

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

const answering = (answer: (pipeline: Pipeline) => object) => async (request: Request) =>
  Response.json(answer((await request.json()) as Pipeline));

export const carryOut = answering(carriedOut);
export const refuseBusy = answering(refusedBusy);
export const expire = answering(expired);

export const connectionRefused = () =>
  new TypeError('fetch failed', {
    cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
  });

export const connectionReset = () =>
  new TypeError('fetch failed', {
    cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
  });
