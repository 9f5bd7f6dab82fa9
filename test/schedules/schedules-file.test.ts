import { describe } from 'vitest';
import { openQueue } from '../support/queue.js';
import { firingContract } from './firing.suite.js';
import { fixtureOf } from './fixture.js';
import { keepingContract } from './keeping.suite.js';

describe('schedules on a file', () => {
  const open = async () => fixtureOf(await openQueue());
  keepingContract(open);
  firingContract(open);
});
