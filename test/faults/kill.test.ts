import { expect, it, onTestFinished } from 'vitest';
import { campaign } from '../../faults/kill/campaign.js';
import { makePlace, PLACES } from '../../faults/kill/place.js';
import { KILLED } from '../../faults/kill/programs.js';
import { buildPrograms } from '../support/program.js';

/** The long form is `npm run faults kill`; `.ci/run` kills 50. */
it.each(PLACES)(
  'processes that are killed at random moments leave everything right on %s',
  async (kind) => {
    const programs = await buildPrograms(KILLED);
    onTestFinished(() => programs.remove());
    const place = await makePlace(kind);
    try {
      const { faults, kills } = await campaign(place, 3, programs.paths);
      expect(faults).toEqual([]);
      expect(kills).toBe(3);
    } finally {
      await place.close();
    }
  },
  180_000,
);
