import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { promiseMigrations } from '../../src/promises/index.js';
import {
  changedSince,
  lastVersion,
  outOfOrder,
  schemaNow,
  schemaReleased,
  tarballOf,
} from './released.js';

it('the last released version is recorded, as soon as there is one', () => {
  const version = lastVersion();
  expect(version === undefined || existsSync(tarballOf(version))).toBe(true);
  expect(schemaReleased().length > 0).toBe(version !== undefined);
  expect(lastVersion('## [Unreleased]\n\n## [1.2.0] - 2030-01-01\n\n## [1.1.0]')).toBe('1.2.0');
  expect(lastVersion('## [Unreleased]\n')).toBeUndefined();
});

it('what was released of the schema stays as it is, and new migrations come after it', () => {
  const now = schemaNow();
  expect(changedSince(schemaReleased(), now)).toEqual([]);
  // A lower number than what is released would be applied out of order: by new databases first, by old ones last.
  expect(outOfOrder(schemaReleased(), now)).toEqual([]);
});

it('a released migration that is changed, or taken back, is found', () => {
  const released = schemaNow();
  const [first, ...others] = promiseMigrations;
  if (first === undefined) throw new Error('there are no migrations');
  const changed = { ...first, statements: [...first.statements, 'CREATE TABLE more (id INTEGER)'] };
  expect(changedSince(released, schemaNow([changed, ...others]))).toMatchObject([
    { database: 'queue', version: 1 },
  ]);
  expect(changedSince(released, schemaNow(others))).toHaveLength(1);
  const between = { version: 2, name: 'late', statements: [] };
  expect(outOfOrder(released, schemaNow([first, between, ...others]))).toMatchObject([
    { database: 'queue', version: 2 },
  ]);
});
