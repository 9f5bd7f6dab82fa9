import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import {
  newSchedule,
  PromiseStore,
  promiseMigrations,
  Schedules,
} from '../../src/promises/index.js';
import { freePort } from '../../test/support/sqld.js';
import { withQueue } from '../queue.js';
import { Asker } from './asker.js';
import { Crew } from './crew.js';
import type { Place } from './place.js';
import type { KilledPaths } from './programs.js';
import { verify } from './verify.js';
import { type Told, Victim } from './victim.js';

export interface CampaignReport {
  readonly kills: number;
  /** The same by what was killed. */
  readonly of: Readonly<Record<string, number>>;
  readonly stops: number;
  readonly told: Told;
  /** What is wrong afterwards. */
  readonly faults: readonly string[];
}

const API_KEY = 'a key for the time of one campaign, gone with it';
const DRAIN_MS_MAX = 120_000;

/** Kills processes that work on one database at random moments, then lets it end and looks. */
export async function campaign(
  place: Place,
  killsMax: number,
  programs: KilledPaths,
): Promise<CampaignReport> {
  const told: Told = { made: new Set(), refused: new Map() };
  await withQueue(place.url, prepare);
  const api = { url: `http://127.0.0.1:${await freePort()}`, key: API_KEY };
  const asker = new Asker(api, told);
  const crew = new Crew({ place, told, api, programs });
  let [kills, stops, databases] = [0, 0, 0];
  try {
    while (kills < killsMax) {
      await crew.someReady();
      await sleep(Math.random() * 250);
      const dice = Math.random();
      if (dice < 0.15) {
        stops += 1;
        await crew.stopOne();
      } else if (dice < 0.3 && place.killServer !== undefined) {
        [kills, databases] = [kills + 1, databases + 1];
        await place.killServer();
      } else {
        kills += await crew.killSome(Math.min(3, killsMax - kills));
      }
    }
    await asker.stop();
    await crew.end();
    await drain(place.url, told, programs.actor);
  } finally {
    await asker.stop();
    await crew.end();
  }
  const faults = await verify(place.url, told);
  return { kills, of: { ...crew.kills, databases }, stops, told, faults };
}

async function prepare(database: Database): Promise<void> {
  await migrate(database, promiseMigrations);
  const promise = { type: 'work', maxAttempts: 1_000 };
  await new Schedules(database).create(newSchedule.parse({ name: 'every', every: '1s', promise }));
}

/** Nothing makes promises any more; one process is left alone until nothing is open. */
async function drain(url: string, told: Told, program: string): Promise<void> {
  const database = await openDatabase({ name: 'queue', url, profile: 'queue' });
  const last = Victim.worker(program, { url, calls: 0 }, told);
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
