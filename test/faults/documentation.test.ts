import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const TEST = /^\[([^\]]+)\]\(\.\.\/([^)]+)\): (.+)$/;

/** What they do is a fault. */
const RIGS = ['kill', 'net', 'resources']
  .map((rig) => `test/faults/${rig}.test.ts`)
  .concat('test/kills/kills.test.ts');

const OF_THE_RIGS_THEMSELVES = [
  'the matrix of faults has every operation of %s',
  'a rig that is ended by a signal leaves no directory and no process behind',
];

interface Row {
  readonly number: number;
  readonly cells: readonly string[];
}

/** The numbered rows of a page's table. */
function rowsOf(page: string): Row[] {
  const lines = readFileSync(page, 'utf8').split('\n');
  return lines
    .filter((line) => /^\| \d+ \|/.test(line))
    .map((line) => {
      const [number, ...cells] = line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim());
      return { number: Number(number), cells };
    });
}

/** What of a cell that names a test is wrong. */
function wrongWith(cell: string): string | undefined {
  const [, shown, path, title] = TEST.exec(cell) ?? [];
  if (path === undefined || title === undefined) return 'names no test';
  if (shown !== path || !existsSync(path)) return `${path} is not there`;
  return titlesOf(path).includes(title) ? undefined : `${path} has no test "${title}"`;
}

/** The first of what `it(…)`, `it.each(…)(…)` and the like are given; not of `it.skip`, `it.todo` and groups. */
function titlesOf(path: string): string[] {
  const source = readFileSync(path, 'utf8');
  const titles = source.matchAll(
    /(?<!skip|todo|describe)\(\s*(['"`])((?:\\.|(?!\1)[^\\\n])+)\1,\s*(?:async\b|\()/g,
  );
  return [...titles].map(([, , title = '']) => title.replaceAll("\\'", "'"));
}

describe.each([
  { page: 'docs/faults.md', columns: 4, min: 40 },
  { page: 'docs/guarantees.md', columns: 2, min: 20 },
])('$page', ({ page, columns, min }) => {
  const rows = rowsOf(page);

  it('numbers its rows from 1, without a gap', () => {
    expect(rows.map(({ number }) => number)).toEqual(rows.map((_row, at) => at + 1));
    expect(rows.length).toBeGreaterThanOrEqual(min);
  });

  it('fills every cell, and says nothing twice', () => {
    for (const { number, cells } of rows) {
      expect([number, cells.length, cells.every((cell) => cell !== '')]).toEqual([
        number,
        columns,
        true,
      ]);
    }
    expect(new Set(rows.map(({ cells }) => cells[0])).size).toBe(rows.length);
  });

  it('names a test that is there in every row', () => {
    const wrong = rows.map(({ number, cells }) => [number, wrongWith(cells.at(-1) ?? '')] as const);
    expect(wrong.filter(([, what]) => what !== undefined)).toEqual([]);
  });
});

it('every test of a rig is in the table of faults', () => {
  const named = new Set(rowsOf('docs/faults.md').map(({ cells }) => cells.at(-1)));
  const titles = RIGS.flatMap((path) => titlesOf(path).map((title) => ({ path, title })));
  expect(titles.length).toBeGreaterThan(10);
  const left = titles.filter(({ path, title }) => !named.has(`[${path}](../${path}): ${title}`));
  expect(left.map(({ title }) => title)).toEqual(OF_THE_RIGS_THEMSELVES);
});
