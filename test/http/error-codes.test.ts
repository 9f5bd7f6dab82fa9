import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { statusOf } from '../../functions/http/errors.js';
import { ERROR_CODES } from '../../src/core/index.js';

test('every error code has its paragraph, with its status, and only they have', async () => {
  const text = await readFile(new URL('../../docs/error-codes.md', import.meta.url), 'utf8');
  const documented = [...text.matchAll(/^### (\S+)\n\n(\d{3})\. \S/gm)].map(
    ([, code, status]) => `${code} ${status}`,
  );
  expect(documented.sort()).toEqual(ERROR_CODES.map((code) => `${code} ${statusOf(code)}`).sort());
});
