import { expect, it } from 'vitest';
import { tempDir } from '../support/temp-dir.js';
import { simulateSchedules } from './simulation.js';

/** The long form is `npm run simulate`. */
it.each([2, 5, 8])(
  '%i instances fire every slot once, whatever their clock does',
  async (instances) => {
    const report = await simulateSchedules({
      fires: 4_000,
      instances,
      schedules: 24,
      seed: instances,
      directory: tempDir(),
    });
    expect(report.fired).toBeGreaterThanOrEqual(4_000);
    expect(report.slotsChecked).toBeGreaterThan(report.fired);
  },
  120_000,
);
