import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { environment } from '../../functions/env.js';

test("the README's table has every setting, and no other", async () => {
  const text = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const table = text.slice(text.indexOf('## Settings'), text.indexOf('## Operations'));
  const documented = [...table.matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g)].map(([, name]) => name);
  const named = new Set(documented.filter((name) => !['PRAGMA', 'WAL'].includes(name ?? '')));
  expect([...named].sort()).toEqual(Object.keys(environment.shape).sort());
});
