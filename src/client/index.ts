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
export {
  type Claimed,
  type EnqueueChild,
  type EnqueueOptions,
  type Handler,
  type HandlerContext,
  type HandlerItem,
  type Handlers,
  type HandlerTask,
  handlersOf,
} from './handler.js';
export type { CallOptions, OperationId } from './transport.js';
export { Worker, type WorkerOptions } from './worker.js';
export type { Run, WorkerStatus } from './worker-status.js';
