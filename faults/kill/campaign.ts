import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, migrate, openDatabase } from '../../src/db/index.js';
import {
  newSchedule,
  PromiseStore,
  promiseMigrations,
  Schedules,
} from '../../src/promises/index.js';
import { freePort } from '../../test/support/free-port.js';
import type { Place } from '../place.js';
import { withQueue } from '../queue.js';
import { until, untilDone } from '../until.js';
import { Victim } from '../victim.js';
import { Asker } from './asker.js';
import { Blows } from './blows.js';
import { Crew } from './crew.js';
import type { KilledPaths } from './programs.js';
import { Told } from './told.js';
import { type Seen, verify } from './verify.js';

export interface CampaignReport {
  readonly kills: number;
  /** The same by what was killed, and how many stood still past their lease. */
  readonly of: Readonly<Record<string, number>>;
  readonly told: Told;
  /** What was there afterwards. */
  readonly seen: Seen;
  /** What is wrong afterwards. */
  readonly faults: readonly string[];
}

const API_KEY = 'a key for the time of one campaign, gone with it';
const DRAIN_MS_MAX = 60_000;
const POSTED_MS_MAX = 60_000;

/**
 * Kills processes that work on one database at random moments, one of each kind at the least,
 * then lets it end and looks.
 */
export async function campaign(
  place: Place,
  killsMax: number,
  programs: KilledPaths,
): Promise<CampaignReport> {
  const told = new Told();
  await withQueue(place.url, prepare);
  const api = { url: `http://127.0.0.1:${await freePort()}`, key: API_KEY };
  const asker = new Asker(api, told);
  const crew = new Crew({ place, told, api, programs });
  const blows = new Blows(place, crew);
  try {
    while (blows.kills < killsMax) {
      await sleep(Math.random() * 250);
      await blows.next(killsMax - blows.kills);
    }
    await until(() => told.posted.size > 0, POSTED_MS_MAX);
    await asker.stop();
    await crew.end();
    await drain(place, programs.actor, told);
  } finally {
    await asker.stop();
    await crew.end();
  }
  const { seen, faults } = await verify(place.url, told, blows.kills);
  return {
    kills: blows.kills,
    of: blows.of,
    told,
    seen,
    faults: [...told.faults(place.kind), ...faults],
  };
}

async function prepare(database: Database): Promise<void> {
  await migrate(database, promiseMigrations);
  const promise = { type: 'work', maxAttempts: 1_000 };
  await new Schedules(database).create(newSchedule.parse({ name: 'every', every: '1s', promise }));
}

/** Nothing makes promises any more; one process is left alone until nothing is open. */
async function drain({ url, killServer }: Place, program: string, told: Told): Promise<void> {
  const database = await openDatabase({ name: 'queue', url, profile: 'queue' });
  const last = Victim.worker(program, { url, calls: 0 }, (line) => told.hear(line));
  try {
    await pause(new Schedules(database));
    const store = new PromiseStore(database);
    const isDone = () =>
      store.figures().then(
        ({ byStatus }) => byStatus.pending + byStatus.waiting + byStatus.in_progress === 0,
        () => false,
      );
    if (await until(isDone, DRAIN_MS_MAX)) return;
    // A server that lets no write through any more is as good as none.
    await killServer?.();
    await until(isDone, DRAIN_MS_MAX);
  } finally {
    await last.kill();
    await database.close();
  }
}

/** A server that was just killed may leave an answer out: asked again, a pause is the same. */
async function pause(schedules: Schedules): Promise<void> {
  const isPaused = await untilDone(() => schedules.pause('every'), DRAIN_MS_MAX);
  if (!isPaused) throw new Error('the schedule cannot be paused');
}
