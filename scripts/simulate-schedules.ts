import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { simulateSchedules } from '../test/schedules/simulation.js';

const { values } = parseArgs({
  options: {
    fires: { type: 'string', default: '1000000' },
    instances: { type: 'string', default: '8' },
    schedules: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
});

const directory = mkdtempSync(join(tmpdir(), 'holdfast-simulation-'));
const startedAt = performance.now();
let told = 0;
try {
  const report = await simulateSchedules({
    fires: Number(values.fires),
    instances: Number(values.instances),
    schedules: Number(values.schedules),
    seed: Number(values.seed),
    directory,
    onStep: (fired) => {
      if (fired - told < 50_000) return;
      told = fired;
      console.log(`${fired.toLocaleString('en')} fired`);
    },
  });
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(JSON.stringify({ instances: Number(values.instances), seconds, ...report }));
  console.log('every slot is in the ledger once: fired, or skipped as its policy says');
} finally {
  rmSync(directory, { recursive: true, force: true });
}
