import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { environment } from '../../functions/env.js';
import { formatDuration } from '../../src/core/index.js';
import {
  MAINTENANCE_DEFAULTS,
  maintenanceSettings,
  TASK_NAMES,
} from '../../src/tasks/maintenance/index.js';

const page = readFileSync(new URL('../../docs/maintenance.md', import.meta.url), 'utf8');

describe('docs/maintenance.md', () => {
  it('names every setting, and no other', () => {
    const table = page.slice(page.indexOf('## Settings'));
    const named = [...table.matchAll(/`([a-zA-Z]+(?:Ms|Max))`/g)].map(([, name]) => name);
    const settings = Object.keys(maintenanceSettings.shape);
    expect(new Set(named)).toEqual(new Set(settings));
    expect(settings).toEqual(Object.keys(MAINTENANCE_DEFAULTS));
  });

  it('has every task, each with its interval', () => {
    const intervals: Record<string, number> = {
      recovery: MAINTENANCE_DEFAULTS.recoveryIntervalMs,
      sync: MAINTENANCE_DEFAULTS.syncIntervalMs,
      checkpoint: MAINTENANCE_DEFAULTS.checkpointIntervalMs,
      'sweep-messages': MAINTENANCE_DEFAULTS.sweepMessagesIntervalMs,
      health: MAINTENANCE_DEFAULTS.healthIntervalMs,
      cleanup: MAINTENANCE_DEFAULTS.cleanupIntervalMs,
      'cleanup-messages': MAINTENANCE_DEFAULTS.cleanupMessagesIntervalMs,
      analysis: MAINTENANCE_DEFAULTS.analysisIntervalMs,
      vacuum: MAINTENANCE_DEFAULTS.vacuumIntervalMs,
      backup: environment.shape.HOLDFAST_BACKUP_EVERY.parse(undefined),
    };
    expect(Object.keys(intervals)).toEqual([...TASK_NAMES]);
    for (const task of TASK_NAMES) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${task}\``)) ?? '';
      const written = row
        .split('|')[2]
        ?.trim()
        .replace('min', 'm')
        .replace(' day', 'd')
        .replace(' hour', 'h');
      expect([task, written?.replace(' ', '').split(',')[0]]).toEqual([
        task,
        formatDuration(intervals[task] ?? 0),
      ]);
    }
  });
});
