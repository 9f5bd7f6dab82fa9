import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

const FILE = 'docs/benchmarks.md';
const HEAD =
  '# Benchmarks\n\nEach section is written by its own command; run it on your machine before you rely on it.\n';

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A table as Markdown. */
export function markdownTable({ title, columns, rows }: Table): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [
    `### ${title}`,
    '',
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map(line),
  ].join('\n');
}

/** What the figures were measured on. */
export function machineName(): string {
  const model = cpus()[0]?.model ?? 'unknown CPU';
  return `${cpus().length} × ${model}, ${process.platform}, Node ${process.version}`;
}

/** Replaces one section of docs/benchmarks.md, or adds it. */
export function writeSection(name: string, body: string): void {
  const start = `<!-- ${name}: start -->`;
  const end = `<!-- ${name}: end -->`;
  const section = `${start}\n${body}\n${end}`;
  const before = existsSync(FILE) ? readFileSync(FILE, 'utf8') : HEAD;
  const from = before.indexOf(start);
  const to = before.indexOf(end);
  const after =
    from === -1
      ? `${before.trimEnd()}\n\n${section}\n`
      : before.slice(0, from) + section + before.slice(to + end.length);
  writeFileSync(FILE, after);
}

/** The middle one of several runs. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
