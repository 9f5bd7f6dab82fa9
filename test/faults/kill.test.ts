import { expect, it, onTestFinished } from 'vitest';
import { campaign } from '../../faults/kill/campaign.js';
import { makePlace, PLACES } from '../../faults/kill/place.js';
import { buildPrograms } from '../../faults/kill/programs.js';

/** The long form is `npm run faults kill`; `.ci/run` kills 50. */
it.each(PLACES)(
  'processes that are killed at random moments leave everything right on %s',
  async (kind) => {
    const programs = await buildPrograms();
    onTestFinished(() => programs.remove());
    const place = await makePlace(kind);
    try {
      const { faults, kills } = await campaign(place, 3, programs);
      expect(faults).toEqual([]);
      expect(kills).toBe(3);
    } finally {
      await place.close();
    }
  },
  180_000,
);
