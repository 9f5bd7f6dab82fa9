import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PromiseStore } from '../../src/promises/index.js';
import { MaintenanceRuns } from '../../src/records/index.js';
import { HealthReporter } from '../../src/tasks/health-report.js';
import {
  Maintenance,
  type MaintenanceRound,
  maintenanceTasks,
} from '../../src/tasks/maintenance/index.js';
import { childProgram } from '../support/child-program.js';
import { soon } from '../support/soon.js';
import { MINUTE, T0 } from './fixture.js';
import { makePlace, openPair, PLACES, type Place } from './place.js';
import type { Orders } from './runner.js';

const RUNNER = childProgram('test/maintenance/runner.ts');
const SCHEDULED = {
  files: ['checkpoint', 'cleanup', 'cleanup-messages', 'health', 'recovery', 'vacuum'],
  servers: ['checkpoint', 'cleanup', 'cleanup-messages', 'health', 'recovery'],
};

/** Another process, ready to run a round. */
async function startRunner(orders: Orders) {
  const child = spawn(process.execPath, [RUNNER.path, JSON.stringify(orders)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the runner has gone');
    return value;
  };
  const say = (line: string) => child.stdin.write(`${line}\n`);
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  expect(await next()).toBe('ready');
  return { say, next, kill, round: async () => JSON.parse(await next()) as MaintenanceRound };
}

/** What this process has of the place, its waiting in real time. */
async function enter(place: Place, now: number) {
  const { queue, system } = await openPair(place);
  const sqlClock = () => now;
  const promises = new PromiseStore(queue, { clock: sqlClock });
  const health = new HealthReporter({ queue, system, promises, sqlClock });
  const tasks = maintenanceTasks({ queue, system, promises, health, sqlClock });
  const maintenance = new Maintenance({ system, tasks, sqlClock });
  return { system, maintenance, runs: new MaintenanceRuns(system) };
}

describe.each(PLACES)('processes on %s', (kind) => {
  it('that tick at once do each thing once', async () => {
    const place = await makePlace(kind);
    const orders = { ...place, now: T0 };
    const runners = await Promise.all([startRunner(orders), startRunner(orders)]);
    for (const runner of runners) runner.say('go');
    const rounds = await Promise.all(runners.map((runner) => runner.round()));
    expect(rounds.flatMap(({ failures }) => failures)).toEqual([]);
    const ran = rounds.flatMap(({ runs }) => runs);
    expect(ran.map(({ task }) => task).sort()).toEqual(SCHEDULED[kind]);
    expect(ran.every(({ outcome, recorded }) => outcome === 'completed' && recorded)).toBe(true);
    const { runs } = await enter(place, T0);
    const history = (await runs.list()).data.map(({ id }) => id);
    expect(history.sort()).toEqual(ran.map(({ id }) => id).sort());
  });

  it('that die in the middle of a run are followed when their lease is over', async () => {
    const place = await makePlace(kind);
    const runner = await startRunner({ ...place, now: T0, held: 'cleanup' });
    runner.say('go');
    expect(await runner.next()).toBe('holding');
    await runner.kill();

    const before = await enter(place, T0 + 2 * MINUTE - 1);
    const early = await before.maintenance.runDue({ budgetMs: MINUTE });
    // It died before it came to these.
    const left = SCHEDULED[kind].filter((task) => ['cleanup-messages', 'vacuum'].includes(task));
    expect(early.runs.map(({ task }) => task)).toEqual(left);

    const after = await enter(place, T0 + 2 * MINUTE);
    const round = await after.maintenance.runDue({ budgetMs: MINUTE });
    expect(round.runs).toMatchObject([{ task: 'cleanup', outcome: 'completed', recorded: true }]);
    expect((await after.runs.list({ task: 'cleanup' })).data).toMatchObject([
      { id: round.runs[0]?.id, outcome: 'completed' },
      { outcome: 'failed', startedAt: T0, error: { code: 'lease-expired' } },
    ]);
    expect((await after.runs.list()).data).toHaveLength(SCHEDULED[kind].length + 1);
  });

  it('that have a run under way share it with those who ask for one', async () => {
    const place = await makePlace(kind);
    const runner = await startRunner({ ...place, now: T0, held: 'health' });
    runner.say('go');
    expect(await runner.next()).toBe('holding');
    const { system, maintenance, runs } = await enter(place, T0);
    const asked = maintenance.runNow('health');
    await soon(() => {
      const looks = system.telemetry().labels['maintenance-schedule.progress'];
      expect(looks?.reads).toBeGreaterThan(0);
    });
    runner.say('release');
    const joined = await asked;
    expect((await runner.round()).runs).toContainEqual(joined);
    expect((await runs.list({ task: 'health' })).data).toHaveLength(1);
  });
});
