import { afterAll, beforeAll, expect, it } from 'vitest';
import { Databases } from '../../faults/net/databases.js';
import { underFault } from '../../faults/net/matrix.js';
import { meetingsOf } from '../../faults/net/meeting.js';
import { NET_FAULTS, type NetFault } from '../../faults/net/network.js';
import {
  PROMISE_OPERATIONS,
  QUEUE_OPERATIONS,
  SCHEDULE_OPERATIONS,
} from '../../faults/net/operations/index.js';
import { type Rehearsed, rehearse } from '../../faults/net/rehearsal.js';
import { PromiseStore, Queues, Schedules } from '../../src/promises/index.js';

/**
 * `npm run faults net` has every operation, and measures deadlines and healing. Here what
 * writes meets its fault with its first write.
 */
const OPERATIONS = [
  'promises.enqueue',
  'promises.get',
  'promises.claim',
  'promises.settle',
  'schedules.fireDue',
];
/** They listen and tell within the process, and ask no database. */
const WITHIN = ['constructor', 'onChange', 'onLost', 'notify', 'tellLost'];

let databases: Databases;
let rehearsed: Rehearsed[];

beforeAll(async () => {
  databases = await Databases.start();
  rehearsed = await rehearse(databases);
}, 60_000);

afterAll(() => databases.stop());

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
  // Each does what it is for when nothing fails: what only looks would prove nothing.
  expect(rehearsed.filter(({ wrong }) => wrong !== undefined)).toEqual([]);
  const some = rehearsed.filter(({ operation }) => OPERATIONS.includes(operation));
  const all = meetingsOf(some);
  const meetings = some.flatMap(({ operation }) => {
    return all.filter((meeting) => meeting.operation === operation).slice(-1);
  });
  const faults = Object.keys(NET_FAULTS) as NetFault[];
  const cells = await Promise.all(faults.map((fault) => underFault(databases, fault, meetings)));
  expect(cells.flat()).toHaveLength(faults.length * OPERATIONS.length);
  expect(cells.flat().filter(({ wrong }) => wrong.length > 0)).toEqual([]);
  expect(cells.flat().every(({ healedMs }) => Number.isFinite(healedMs))).toBe(true);
}, 400_000);
