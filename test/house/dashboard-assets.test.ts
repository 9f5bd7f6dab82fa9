import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dashboardAssets } from '../../scripts/dashboard-assets.js';

test('what pages load is what the sources are: else npm run dashboard-assets', () => {
  const path = new URL('../../functions/dashboard/assets.ts', import.meta.url);
  expect(readFileSync(path, 'utf8') === dashboardAssets()).toBe(true);
});
