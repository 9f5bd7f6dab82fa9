import { setTimeout as sleep } from 'node:timers/promises';
import { migrate, openDatabase } from '../../src/db/index.js';
import {
  newSchedule,
  PromiseStore,
  promiseMigrations,
  Schedules,
} from '../../src/promises/index.js';
import { Asker } from './asker.js';
import { LEASE_MS } from './orders.js';
import type { Place } from './place.js';
import type { Programs } from './programs.js';
import { verify } from './verify.js';
import { type Told, Victim } from './victim.js';

export interface CampaignReport {
  readonly kills: number;
  readonly stops: number;
  readonly serverKills: number;
  readonly told: Told;
  /** What is wrong afterwards. */
  readonly faults: readonly string[];
}

const ACTORS = 4;
/** Calls of one process: most are killed before they have made them all. */
const CALLS = 200;
const KEY = 'a key for the time of one campaign, gone with it';
const DRAIN_MS_MAX = 120_000;
const READY_MS_MAX = 60_000;

/** Kills processes that work on one database at random moments, then lets it end and looks. */
export async function campaign(
  place: Place,
  killsMax: number,
  programs: Programs,
): Promise<CampaignReport> {
  const told: Told = { made: new Set(), refused: new Map() };
  await prepare(place.url);
  const asker = new Asker(KEY, told);
  const crew = new Crew(place, told, asker, programs);
  let [kills, stops, serverKills] = [0, 0, 0];
  try {
    while (kills < killsMax) {
      await crew.someReady();
      await sleep(Math.random() * 250);
      const dice = Math.random();
      if (dice < 0.15) {
        stops += 1;
        await crew.stopOne();
      } else if (dice < 0.3 && place.killServer !== undefined) {
        [kills, serverKills] = [kills + 1, serverKills + 1];
        await place.killServer();
      } else {
        kills += await crew.killSome(Math.min(3, killsMax - kills));
      }
    }
    await asker.stop();
    await crew.end();
    await drain(place.url, told, programs.actor.path);
  } finally {
    await asker.stop();
    await crew.end();
  }
  return { kills, stops, serverKills, told, faults: await verify(place.url, told) };
}

async function prepare(url: string): Promise<void> {
  const database = await openDatabase({ name: 'queue', url, profile: 'queue' });
  await migrate(database, promiseMigrations);
  const schedules = new Schedules(database);
  const promise = { type: 'work', maxAttempts: 1_000 };
  await schedules.create(newSchedule.parse({ name: 'every', every: '1s', promise }));
  await database.close();
}

/** Nothing makes promises any more; one process is left alone until nothing is open. */
async function drain(url: string, told: Told, program: string): Promise<void> {
  const database = await openDatabase({ name: 'queue', url, profile: 'queue' });
  const last = Victim.actor(program, { url, calls: 0 }, told);
  try {
    const end = performance.now() + DRAIN_MS_MAX;
    await pauseBy(end, new Schedules(database));
    const store = new PromiseStore(database);
    for (;;) {
      const { pending, waiting, in_progress } = (await store.figures()).byStatus;
      if (pending + waiting + in_progress === 0) return;
      if (performance.now() > end) return;
      await sleep(100);
    }
  } finally {
    await last.kill();
    await database.close();
  }
}

/** A server that was just killed may leave an answer out: asked again, a pause is the same. */
async function pauseBy(end: number, schedules: Schedules): Promise<void> {
  for (;;) {
    try {
      await schedules.pause('every');
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(100);
    }
  }
}

/** The processes of a campaign: whoever is killed is replaced. */
class Crew {
  #actors: Victim[];
  #server: Victim;

  constructor(
    private readonly place: Place,
    private readonly told: Told,
    private readonly asker: Asker,
    private readonly programs: Programs,
  ) {
    this.#actors = Array.from({ length: ACTORS }, () => this.#actor());
    this.#server = this.#serve();
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
    const isServer = this.#server.isReady && Math.random() < 0.2;
    if (isServer) {
      await this.#server.kill();
      this.asker.url = undefined;
      this.#server = this.#serve();
      return 1;
    }
    const ready = this.#actors.filter(({ isReady }) => isReady);
    const victims = ready.slice(0, 1 + Math.floor(Math.random() * max));
    await Promise.all(victims.map((victim) => victim.kill()));
    this.#actors = this.#actors.map((one) => (victims.includes(one) ? this.#actor() : one));
    return victims.length;
  }

  /** Lets one stand still past its lease, and go on. */
  async stopOne(): Promise<void> {
    const victim = this.#actors[Math.floor(Math.random() * this.#actors.length)];
    victim?.signal('SIGSTOP');
    await sleep(LEASE_MS * (0.5 + Math.random()));
    victim?.signal('SIGCONT');
  }

  async end(): Promise<void> {
    await Promise.all([...this.#actors, this.#server].map((one) => one.kill()));
  }

  #actor(): Victim {
    return Victim.actor(this.programs.actor.path, { url: this.place.url, calls: CALLS }, this.told);
  }

  #serve(): Victim {
    const env = { HOLDFAST_API_KEY: KEY, QUEUE_DATABASE_URL: this.place.url };
    const { directory: cwd } = this.place;
    return Victim.server(this.programs.server.path, { cwd, env }, (url) => {
      this.asker.url = url;
    });
  }
}
