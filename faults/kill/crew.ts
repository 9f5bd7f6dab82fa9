import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from '../place.js';
import { until } from '../until.js';
import { Victim } from '../victim.js';
import { type Api, LEASE_MS } from './orders.js';
import type { KilledPaths } from './programs.js';
import type { Told } from './told.js';

export const ROLES = ['engines', 'services', 'pullers'] as const;
export type Role = (typeof ROLES)[number];

interface Member {
  readonly role: Role;
  readonly victim: Victim;
}

const CREW: readonly Role[] = ['engines', 'engines', 'engines', 'engines', 'services', 'pullers'];
/** Calls of one process: most are killed before they have made them all. */
const CALLS = 200;
const READY_MS_MAX = 40_000;

export interface CrewOptions {
  readonly place: Place;
  readonly told: Told;
  /** Where the service is, whenever there is one. */
  readonly api: Api;
  readonly programs: KilledPaths;
}

/** The processes of a campaign: whoever is killed, or ends, is replaced. */
export class Crew {
  /** How many were killed. */
  readonly kills = { engines: 0, services: 0, pullers: 0 };
  #members: Member[];

  constructor(private readonly options: CrewOptions) {
    this.#members = CREW.map((role) => this.#begin(role));
  }

  /** Whoever is killed before it has begun proves little. False when nobody begins. */
  async someReady(role: Role): Promise<boolean> {
    return await until(() => {
      for (const member of this.#members) if (member.victim.end !== undefined) this.#bury(member);
      return this.isReady(role);
    }, READY_MS_MAX);
  }

  isReady(role: Role): boolean {
    return this.#ready(role).length > 0;
  }

  /** Kills one of a role, or up to `max` engines, at one moment; returns how many. */
  async killSome(role: Role, max: number): Promise<number> {
    const victims = this.#ready(role).slice(0, 1 + Math.floor(Math.random() * max));
    const killed = await Promise.all(victims.map(({ victim }) => victim.kill()));
    for (const member of victims) this.#bury(member);
    const count = killed.filter(Boolean).length;
    this.kills[role] += count;
    return count;
  }

  /** Lets one that runs promises stand still past its lease, and go on. */
  async stopOne(): Promise<void> {
    const [one] = shuffled([...this.#ready('engines'), ...this.#ready('pullers')]);
    one?.victim.signal('SIGSTOP');
    await sleep(LEASE_MS * (1.2 + Math.random()));
    one?.victim.signal('SIGCONT');
  }

  async end(): Promise<void> {
    await Promise.all(this.#members.map(({ victim }) => victim.kill()));
    for (const member of this.#members) this.#noteEnd(member);
    this.#members = [];
  }

  /** Those that can be killed, in no order. */
  #ready(role: Role): Member[] {
    return shuffled(this.#members.filter((one) => one.role === role && one.victim.isReady));
  }

  #bury(member: Member): void {
    this.#noteEnd(member);
    const successor = this.#begin(member.role);
    this.#members = this.#members.map((one) => (one === member ? successor : one));
  }

  #noteEnd({ role, victim }: Member): void {
    if (victim.end !== undefined) this.options.told.ends.push(`one of the ${role} ${victim.end}`);
  }

  #begin(role: Role): Member {
    return { role, victim: this.#victim(role) };
  }

  #victim(role: Role): Victim {
    const { programs, place, api, told } = this.options;
    const hear = (line: string) => told.hear(line);
    if (role === 'pullers') return Victim.worker(programs.puller, api, hear);
    if (role === 'engines') {
      return Victim.worker(programs.actor, { url: place.url, calls: CALLS }, hear);
    }
    const env = {
      PORT: new URL(api.url).port,
      HOLDFAST_API_KEY: api.key,
      QUEUE_DATABASE_URL: place.url,
    };
    return Victim.server(programs.server, { cwd: place.directory, env });
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const placed = items.map((item) => ({ item, at: Math.random() }));
  return placed.sort((one, other) => one.at - other.at).map(({ item }) => item);
}
