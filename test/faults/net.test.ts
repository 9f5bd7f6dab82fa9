import { expect, it } from 'vitest';
import { underFault } from '../../faults/net/matrix.js';
import { NET_FAULTS, type NetFault } from '../../faults/net/network.js';
import {
  PROMISE_OPERATIONS,
  QUEUE_OPERATIONS,
  SCHEDULE_OPERATIONS,
} from '../../faults/net/operations/index.js';
import { migrate, openDatabase } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations, Queues, Schedules } from '../../src/promises/index.js';
import { startSqld } from '../support/sqld.js';

/** `npm run faults net` has every operation, and measures deadlines and healing. */
const OPERATIONS = [
  'promises.enqueue',
  'promises.get',
  'promises.claim',
  'promises.settle',
  'schedules.fireDue',
];
/** They listen and tell within the process, and ask no database. */
const WITHIN = ['constructor', 'onChange', 'onLost', 'notify', 'tellLost'];

it.each([
  ['PromiseStore', PromiseStore, PROMISE_OPERATIONS],
  ['Queues', Queues, QUEUE_OPERATIONS],
  ['Schedules', Schedules, SCHEDULE_OPERATIONS],
])('the matrix of faults has every operation of %s', (_name, { prototype }, operations) => {
  const methods = Object.getOwnPropertyNames(prototype).filter((name) => !WITHIN.includes(name));
  const named = Object.keys(operations).map((name) => name.split(',')[0]);
  expect(new Set(named)).toEqual(new Set(methods));
});

it('every operation ends under every fault of the network, and loses nothing', async () => {
  const sqld = await startSqld();
  try {
    const database = await openDatabase({ name: 'queue', url: sqld.url, profile: 'queue' });
    await migrate(database, promiseMigrations);
    await database.close();
    const faults = Object.keys(NET_FAULTS) as NetFault[];
    const cells = await Promise.all(faults.map((fault) => underFault(sqld.url, fault, OPERATIONS)));
    const ended = cells
      .flat()
      .map(({ fault, operation, outcome }) => ({ fault, operation, outcome }));
    expect(ended).toHaveLength(faults.length * OPERATIONS.length);
    const codes = /^(done|commit-unknown|database-(timeout|unavailable|auth|rate-limited|busy))$/;
    expect(ended.filter(({ outcome }) => !codes.test(outcome))).toEqual([]);
    expect(cells.flat().every(({ healedMs }) => Number.isFinite(healedMs))).toBe(true);
  } finally {
    await sqld.stop();
  }
}, 180_000);
