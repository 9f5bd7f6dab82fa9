import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LOG_CODES } from '../../src/core/index.js';

const ROOT = join(import.meta.dirname, '../..');

function sources(): string {
  const files = ['src', 'functions'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path) && !/\.test\.|log-codes\.ts$/.test(path))
      .map((path) => join(ROOT, folder, path)),
  );
  return files.map((path) => readFileSync(path, 'utf8')).join('\n');
}

describe('the codes of the log', () => {
  const code = sources();

  test('are those of docs/logs.md, with their levels', () => {
    const text = readFileSync(join(ROOT, 'docs/logs.md'), 'utf8');
    const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (\w+) \| \S/gm)];
    const documented = rows.map(([, name, level]) => [name, level]);
    expect(documented).toEqual(Object.entries(LOG_CODES));
  });

  test('are written at their levels, and no other code is', () => {
    const written = [...code.matchAll(/\blog\.(debug|info|warn|error)\(\s*'([^']+)'/gi)];
    expect(written.length).toBeGreaterThan(20);
    for (const [, level, name] of written) {
      expect([name, level]).toEqual([name, LOG_CODES[name as keyof typeof LOG_CODES]]);
    }
  });

  test('are each written somewhere', () => {
    const unused = Object.keys(LOG_CODES).filter((name) => !code.includes(`'${name}'`));
    expect(unused).toEqual([]);
  });
});
