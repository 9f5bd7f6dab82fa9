import { expect, it, onTestFinished } from 'vitest';
import { campaign } from '../../faults/kill/campaign.js';
import { KILLED } from '../../faults/kill/programs.js';
import { makePlace, PLACES } from '../../faults/place.js';
import { buildPrograms } from '../support/program.js';

/** Enough for one of each kind. */
const KILLS = { file: 3, sqld: 4 };

/** The long form is `npm run faults kill`; `.ci/run` kills 50. */
it.each(PLACES)(
  'processes that are killed at random moments leave everything right on %s',
  async (kind) => {
    const programs = await buildPrograms(KILLED);
    onTestFinished(() => programs.remove());
    const place = await makePlace(kind);
    try {
      const { faults, of } = await campaign(place, KILLS[kind], programs.paths);
      expect(faults).toEqual([]);
      const never = Object.keys(of).filter((name) => of[name] === 0);
      expect(never).toEqual(kind === 'file' ? ['databases'] : []);
    } finally {
      await place.close();
    }
  },
  400_000,
);
