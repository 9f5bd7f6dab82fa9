import { expect, it, onTestFinished } from 'vitest';
import { buildActor } from '../../faults/kill/actor-program.js';
import { campaign } from '../../faults/kill/campaign.js';
import { makePlace, PLACES } from '../../faults/kill/place.js';

/** The long form is `npm run faults kill`; `.ci/run` kills 50. */
it.each(PLACES)(
  'processes that are killed at random moments leave everything right on %s',
  async (kind) => {
    const program = await buildActor();
    onTestFinished(() => program.remove());
    const place = await makePlace(kind);
    try {
      const { faults, kills } = await campaign(place, 3, program.path);
      expect(faults).toEqual([]);
      expect(kills).toBe(3);
    } finally {
      await place.close();
    }
  },
  180_000,
);
