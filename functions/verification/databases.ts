import { messageOf, systemClock } from '../../src/core/index.js';
import {
  type Database,
  databaseClock,
  type Migration,
  NOW,
  pendingMigrations,
} from '../../src/db/index.js';
import { type Check, notOk, ok } from './check.js';

const DEADLINE_MS = 10_000;
/** What no schedule notices. */
const CLOCK_MS_MAX = 2_000;
const READ_CLOCK = `SELECT ${NOW} AS now`;

/** Checks one database; `usable` when it is there, with the tables that the code needs. */
export async function checkDatabase(
  database: Database,
  migrations: readonly Migration[],
): Promise<{ readonly checks: readonly Check[]; readonly usable: boolean }> {
  const named = (what: string) => `${database.name}: ${what}`;
  const reachable = await checkReachable(database, named('reachable'));
  if (reachable.state !== 'ok') return { checks: [reachable], usable: false };
  const migrated = await checkMigrated(database, migrations, named('migrated'));
  const settings = await checkSettings(database, named('settings'));
  const clock = await checkClock(database, named('clock'));
  return { checks: [reachable, migrated, settings, clock], usable: migrated.state === 'ok' };
}

async function checkReachable(database: Database, name: string): Promise<Check> {
  const startedAt = systemClock.monotonic();
  try {
    await database.read([{ sql: 'SELECT 1' }], { label: 'verify', deadlineMs: DEADLINE_MS });
  } catch (error) {
    const advice = 'Check the URL and the token of its settings, and that the server runs.';
    return notOk(name, 'fault', messageOf(error), advice);
  }
  const tookMs = Math.round(systemClock.monotonic() - startedAt);
  return ok(name, `${database.topology}, answered in ${tookMs} ms`);
}

async function checkMigrated(
  database: Database,
  migrations: readonly Migration[],
  name: string,
): Promise<Check> {
  const { pending, version } = await pendingMigrations(database, migrations);
  if (pending.length === 0) return ok(name, `schema ${version}`);
  const missing = pending.map((one) => `${one.version} ${one.name}`).join(', ');
  const advice = 'Run holdfast migrate, with the same settings.';
  return notOk(name, 'fault', `schema ${version}, not applied: ${missing}`, advice);
}

async function checkSettings(database: Database, name: string): Promise<Check> {
  const { ok: inForce, managedBy, deviations } = await database.verify();
  const departed = deviations.map(
    ({ setting, wanted, found, why }) => `${setting} is ${found}, not ${wanted}: ${why}`,
  );
  if (!inForce) {
    const advice = 'Look what else opens the file, and run holdfast doctor.';
    return notOk(name, 'fault', departed.join('; '), advice);
  }
  return ok(
    name,
    managedBy === 'server' ? 'managed by the server' : ['as wanted', ...departed].join('; '),
  );
}

async function checkClock(database: Database, name: string): Promise<Check> {
  const before = systemClock.now();
  const [answer] = await database.read([{ sql: READ_CLOCK, args: [databaseClock()] }], {
    label: 'verify',
    deadlineMs: DEADLINE_MS,
  });
  const middle = (before + systemClock.now()) / 2;
  const aheadMs = Math.round(Number(answer?.rows[0]?.now) - middle);
  if (Math.abs(aheadMs) <= CLOCK_MS_MAX) return ok(name, `${aheadMs} ms ahead of this machine`);
  const advice =
    'Set both clocks by NTP. What is due is decided by the database’s clock; times that clients send are theirs.';
  return notOk(name, 'warning', `${aheadMs} ms ahead of this machine`, advice);
}
