import { uuidv7 } from 'uuidv7';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../src/core/index.js';
import { migrate } from '../../src/db/index.js';
import {
  recordMigrations,
  TelemetryHistory,
  type TelemetryPoint,
} from '../../src/records/index.js';
import { openFresh } from '../db/topologies.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2030, 0, 1);

function pointOf(completed: number, depth: number): TelemetryPoint {
  const wait = new Histogram();
  wait.add(7, completed);
  const counts = { enqueued: completed, claimed: completed, completed, failed: 0, cancelled: 0 };
  const rest = { retried: 0, snoozed: 0, recovered: 0, quarantined: 0, run: null };
  const figures = { ...wait.figures, counts: [...wait.figures.counts] };
  const line = { queue: 'q', type: 't', ...counts, ...rest, wait: figures, depth };
  return { databases: {}, lines: [{ ...line, oldestReadyAgeMs: null }], rssBytes: depth * 10 };
}

async function open() {
  const database = await openFresh('file', { profile: 'system' });
  await migrate(database, recordMigrations);
  const time = { now: START };
  const history = new TelemetryHistory(database, { clock: () => time.now });
  const add = (point: TelemetryPoint, id = uuidv7()) => history.add(id, point, 5_000);
  const rows = async () => {
    const sql = 'SELECT step_ms, count(*) AS n FROM telemetry_points GROUP BY step_ms ORDER BY 1';
    const [found] = await database.read([{ sql }]);
    return found?.rows.map((row) => [row.step_ms, row.n]);
  };
  const thinAll = async () => {
    for (let n = 0; n < 100; n += 1) if ((await history.thin()).done) return;
  };
  return { history, time, add, rows, thinAll };
}

const completedOf = ({ lines }: TelemetryPoint) => lines[0]?.completed;

describe('the history of telemetry', () => {
  it('adds up what several processes did in one minute, and notes each of it once', async () => {
    const { history, add, time } = await open();
    const id = uuidv7();
    await add(pointOf(3, 5), id);
    await add(pointOf(3, 5), id);
    time.now += 20_000;
    await add(pointOf(4, 2));
    const { stepMs, points } = await history.list({ from: START - DAY, to: START + MINUTE });
    expect(stepMs).toBe(HOUR);
    const minutes = await history.list({ from: START, to: START + HOUR });
    expect(minutes.stepMs).toBe(MINUTE);
    expect(minutes.points).toEqual(points);
    expect(points).toMatchObject([
      {
        at: START,
        rssBytes: 50,
        lines: [{ completed: 7, depth: 5, wait: { count: 7, sumMs: 49 } }],
      },
    ]);
  });

  it('is thinned as it ages, and loses nothing that was counted', async () => {
    const { history, add, time, rows, thinAll } = await open();
    for (let minute = 0; minute < 150; minute += 1) {
      time.now = START + minute * MINUTE;
      await add(pointOf(1, minute));
    }
    await thinAll();
    expect(await rows()).toEqual([[MINUTE, 150]]);
    time.now = START + DAY + 2 * HOUR + MINUTE;
    await Promise.all([thinAll(), thinAll()]);
    expect(await rows()).toEqual([
      [MINUTE, 30],
      [HOUR, 2],
    ]);
    const hours = await history.list({ from: START, to: START + DAY, stepMs: HOUR });
    expect(hours.points.map((point) => [point.at - START, completedOf(point)])).toEqual([
      [0, 60],
      [HOUR, 60],
      [2 * HOUR, 30],
    ]);
    expect(hours.points[1]?.lines[0]?.depth).toBe(119);
    time.now = START + 33 * DAY;
    await thinAll();
    expect(await rows()).toEqual([[DAY, 1]]);
    const [day] = (await history.list({ from: START, to: START + 40 * DAY })).points;
    expect([day?.at, day && completedOf(day), day?.lines[0]?.wait?.count]).toEqual([
      START,
      150,
      150,
    ]);
    time.now = START + 732 * DAY;
    await thinAll();
    expect(await rows()).toEqual([]);
  });

  it('reads more rows than one page has', async () => {
    const { history, add } = await open();
    await Promise.all(Array.from({ length: 1_100 }, () => add(pointOf(1, 0))));
    const [point] = (await history.list({ from: START, to: START + MINUTE })).points;
    expect(point && completedOf(point)).toBe(1_100);
  });

  it('refuses more points than one answer has, and a time that ends before it begins', async () => {
    const { history } = await open();
    await expect(
      history.list({ from: START, to: START + 40 * DAY, stepMs: MINUTE }),
    ).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining('1500') });
    await expect(history.list({ from: START, to: START })).rejects.toMatchObject({
      code: 'input-invalid',
    });
  });
});
