import type { Place } from '../place.js';
import { type Crew, ROLES, type Role } from './crew.js';

/** Of one blow: a process may stand still, processes of a role are killed, or the database server. */
type Blow = 'stops' | 'databases' | Role;

/** How many processes with the engine may die at one moment. */
const AT_ONCE_MAX = 3;
/** Times that a role is waited for, with a new database server between them. */
const READY_TRIES_MAX = 3;

/** What happens to a crew and its database: each kind of blow once, then at random. */
export class Blows {
  #stops = 0;
  #databases = 0;
  readonly #owed: Blow[];

  constructor(
    private readonly place: Place,
    private readonly crew: Crew,
  ) {
    this.#owed = [
      'stops',
      ...ROLES,
      ...(place.killServer === undefined ? [] : ['databases' as const]),
    ];
  }

  get kills(): number {
    const { engines, services, pullers } = this.crew.kills;
    return engines + services + pullers + this.#databases;
  }

  get of(): Readonly<Record<string, number>> {
    return { ...this.crew.kills, databases: this.#databases, stops: this.#stops };
  }

  /** @param killsMax in this blow */
  async next(killsMax: number): Promise<void> {
    const owed = this.#owed.shift();
    const blow = owed ?? this.#random();
    if (blow === 'databases') return await this.#killServer();
    const role = blow === 'stops' ? 'engines' : blow;
    for (let tries = 1; !(await this.crew.someReady(role)); tries += 1) {
      const isOurs = this.place.killServer === undefined || tries === READY_TRIES_MAX;
      if (isOurs) throw new Error(`none of the ${role} gets ready`);
      // A server may let no write through any more, whoever asks. Killed, it begins anew.
      await this.#killServer();
    }
    if (blow === 'stops') {
      await this.crew.stopOne();
      this.#stops += 1;
      return;
    }
    const isOne = owed !== undefined || blow !== 'engines';
    await this.crew.killSome(blow, isOne ? 1 : Math.min(AT_ONCE_MAX, killsMax));
  }

  async #killServer(): Promise<void> {
    await this.place.killServer?.();
    this.#databases += 1;
  }

  #random(): Blow {
    const dice = Math.random();
    if (dice < 0.15) return 'stops';
    if (dice < 0.3 && this.place.killServer !== undefined) return 'databases';
    // They begin slowly: nobody waits for them.
    if (dice < 0.44 && this.crew.isReady('services')) return 'services';
    if (dice < 0.58 && this.crew.isReady('pullers')) return 'pullers';
    return 'engines';
  }
}
