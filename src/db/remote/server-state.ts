import type { Clock } from '../../core/index.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { RetryBudget } from './retry-budget.js';

/** What this process knows of one server. Plain data: safe to share between a Worker's invocations. */
export interface ServerState {
  readonly breaker: CircuitBreaker;
  readonly budget: RetryBudget;
}

const SERVERS_MAX = 64;
const servers = new Map<string, ServerState>();

export function newServerState(clock: Clock): ServerState {
  return { breaker: new CircuitBreaker(clock), budget: new RetryBudget() };
}

/** Every client of one address shares one state, since on Workers a client lives for one invocation only. */
export function serverState(url: string, clock: Clock): ServerState {
  const known = servers.get(url);
  if (known !== undefined) return known;
  const [oldest] = servers.keys();
  if (servers.size >= SERVERS_MAX && oldest !== undefined) servers.delete(oldest);
  const fresh = newServerState(clock);
  servers.set(url, fresh);
  return fresh;
}
