import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, LEASE_MS } from './orders.js';
import type { Place } from './place.js';
import type { KilledPaths } from './programs.js';
import { type Told, Victim } from './victim.js';

const ACTORS = 4;
/** Calls of one process: most are killed before they have made them all. */
const CALLS = 200;
const READY_MS_MAX = 60_000;

export interface CrewOptions {
  readonly place: Place;
  readonly told: Told;
  /** Where the service is, whenever there is one. */
  readonly api: Api;
  readonly programs: KilledPaths;
}

/** The processes of a campaign: whoever is killed is replaced. */
export class Crew {
  /** How many were killed. */
  readonly kills = { engines: 0, services: 0, pullers: 0 };
  #actors: Victim[];
  #server: Victim;
  #puller: Victim;

  constructor(private readonly options: CrewOptions) {
    this.#actors = Array.from({ length: ACTORS }, () => this.#actor());
    this.#server = this.#serve();
    this.#puller = this.#pull();
  }

  /** Whoever is killed before it has begun proves little. */
  async someReady(): Promise<void> {
    const end = performance.now() + READY_MS_MAX;
    while (!this.#actors.some(({ isReady }) => isReady)) {
      if (performance.now() > end) throw new Error('no process gets ready');
      await sleep(10);
    }
  }

  /** Kills up to `max` processes at one moment; returns how many. */
  async killSome(max: number): Promise<number> {
    const dice = Math.random();
    if (this.#server.isReady && dice < 0.2) {
      await this.#server.kill();
      this.#server = this.#serve();
      this.kills.services += 1;
      return 1;
    }
    if (this.#puller.isReady && dice < 0.4) {
      await this.#puller.kill();
      this.#puller = this.#pull();
      this.kills.pullers += 1;
      return 1;
    }
    const ready = this.#actors.filter(({ isReady }) => isReady);
    const victims = ready.slice(0, 1 + Math.floor(Math.random() * max));
    await Promise.all(victims.map((victim) => victim.kill()));
    this.#actors = this.#actors.map((one) => (victims.includes(one) ? this.#actor() : one));
    this.kills.engines += victims.length;
    return victims.length;
  }

  /** Lets one stand still past its lease, and go on. */
  async stopOne(): Promise<void> {
    const crew = [...this.#actors, this.#server, this.#puller];
    const victim = crew[Math.floor(Math.random() * crew.length)];
    victim?.signal('SIGSTOP');
    await sleep(LEASE_MS * (0.5 + Math.random()));
    victim?.signal('SIGCONT');
  }

  async end(): Promise<void> {
    await Promise.all([...this.#actors, this.#server, this.#puller].map((one) => one.kill()));
  }

  #actor(): Victim {
    const { programs, place, told } = this.options;
    return Victim.worker(programs.actor, { url: place.url, calls: CALLS }, told);
  }

  #serve(): Victim {
    const { programs, place, api } = this.options;
    const env = {
      PORT: new URL(api.url).port,
      HOLDFAST_API_KEY: api.key,
      QUEUE_DATABASE_URL: place.url,
    };
    return Victim.server(programs.server, { cwd: place.directory, env });
  }

  #pull(): Victim {
    const { programs, api, told } = this.options;
    return Victim.worker(programs.puller, api, told);
  }
}
