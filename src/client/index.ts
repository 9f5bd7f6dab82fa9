export { cancel, continueWith, HoldfastError, snooze } from '../core/index.js';
export { ApiError } from './api-error.js';
export {
  type Client,
  type ClientOptions,
  createClient,
  type Operations,
  type SettledPromise,
} from './client.js';
export type {
  Contract,
  NewPromise,
  ProblemView,
  PromiseDetail,
  PromiseMade,
  PromiseView,
} from './contract.js';
export type { EventKind, EventsOptions, HoldfastEvent } from './event-iterator.js';
export type { Claimed, Handler, HandlerContext, Handlers, HandlerTask } from './handler.js';
export type { CallOptions, OperationId } from './transport.js';
export { Worker, type WorkerOptions, type WorkerStatus } from './worker.js';
