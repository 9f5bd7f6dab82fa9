import { type NewPromise, ScopedPromises, ScopedSchedules } from '../../src/promises/index.js';
import { Intake, type TaskRegistry } from '../../src/tasks/index.js';
import type { Services } from '../services.js';
import type { Principal } from './access.js';

/**
 * What an operation works with: the services, with everything that belongs to tenants
 * narrowed to what its caller may see. Operations know no other store.
 */
export interface CallServices extends Omit<Services, 'store' | 'schedules' | 'intake' | 'vault'> {
  readonly store: ScopedPromises;
  readonly schedules: ScopedSchedules;
  readonly intake: ScopedIntake;
}

/** Keys that come again and again have their services made once. */
const made = new WeakMap<Services, WeakMap<Principal, CallServices>>();

export function servicesFor(services: Services, principal: Principal): CallServices {
  const byPrincipal = made.get(services) ?? new WeakMap<Principal, CallServices>();
  made.set(services, byPrincipal);
  const known = byPrincipal.get(principal);
  if (known !== undefined) return known;
  const { store: all, schedules, vault: _, ...rest } = services;
  const store = new ScopedPromises(all, services.queue, principal.reach);
  const scoped: CallServices = {
    ...rest,
    store,
    schedules: new ScopedSchedules(schedules, principal.reach),
    intake: new ScopedIntake(services.registry, store),
  };
  byPrincipal.set(principal, scoped);
  return scoped;
}

/** An intake that refuses what is for a queue outside its caller's reach, item by item. */
export class ScopedIntake extends Intake {
  constructor(
    registry: TaskRegistry,
    private readonly scoped: ScopedPromises,
  ) {
    super(registry, scoped);
  }

  override check(promise: NewPromise): void {
    this.scoped.queues.require(promise.queue ?? 'default');
    super.check(promise);
  }
}
