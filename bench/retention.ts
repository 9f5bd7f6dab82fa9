import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import { type Database, migrate, openDatabase } from '../src/db/index.js';
import { PromiseStore, promiseMigrations } from '../src/promises/index.js';
import { pruneGently } from '../src/tasks/maintenance/retention.js';
import { machineName, markdownTable, type Table, writeSection } from './section.js';
import { withTempDir } from './temp-dir.js';

/** What is old enough to go, and what is measured beside it. */
const ROWS = { long: 1_000_000, short: 50_000 } as const;
const USUAL_MS = { long: 10_000, short: 2_000 } as const;
/** Callers that make one promise after the other. */
const MAKERS = 4;
const FILL_AT_ONCE = 50_000;

const FILL = `
WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1 + ?2)
INSERT INTO promises (id, type, queue, status, priority, run_at, payload, payload_length,
  max_attempts, timeout_ms, attempt, result, created_at, started_at, settled_at)
SELECT printf('00000000-0000-7000-8000-%012x', i), 'done', 'default', 'completed', 5, i, '{"n":1}', 7,
  3, 1000, 1, '"kept"', i, i, i + 1 FROM n`;

const COUNT = `
INSERT INTO lines (queue, type, completed) VALUES ('default', 'done', ?1)
ON CONFLICT (queue, type) DO UPDATE SET completed = completed + excluded.completed`;

/** `--short` is a look with fewer rows; it writes nothing down. */
export async function run(options: readonly string[]): Promise<void> {
  const size = options.includes('--short') ? 'short' : 'long';
  const table = await withTempDir((directory) => measure(directory, size));
  console.log(markdownTable(table));
  if (size === 'short') return;
  const head = `## Retention under load\n\nCommand: \`npm run bench retention\`. One process on a file, \`synchronous=FULL\`: ${MAKERS} callers make one promise after the other while the same process deletes settled ones. Measured on ${machineName()}, which others may use too: compare the two rows with each other.`;
  writeSection('retention', [head, markdownTable(table)].join('\n\n'));
}

async function measure(directory: string, size: 'long' | 'short'): Promise<Table> {
  const url = `file:${join(directory, 'queue.db')}`;
  const database = await openDatabase({ name: 'queue', url, profile: 'queue' });
  try {
    await migrate(database, promiseMigrations);
    await fill(database, ROWS[size]);
    const store = new PromiseStore(database);
    await load(store, USUAL_MS[size] / 5);
    const usual = await load(store, USUAL_MS[size]);
    const cleaned = new AbortController();
    const startedAt = performance.now();
    const slice = (limit: number) => store.prune({ settledBeforeMs: 0, limit });
    const cleaning = pruneGently(slice, {
      rowsMax: ROWS[size],
      sliceRowsMax: 500,
      signal: new AbortController().signal,
    }).finally(() => cleaned.abort());
    const meanwhile = await load(store, Number.POSITIVE_INFINITY, cleaned.signal);
    const { deleted } = await cleaning;
    const seconds = (performance.now() - startedAt) / 1_000;
    return {
      title: `${deleted.toLocaleString('en')} promises deleted in ${seconds.toFixed(0)} s`,
      columns: ['enqueue', 'calls', 'p50 ms', 'p99 ms', 'max ms'],
      rows: [row('as usual', usual), row('during the cleanup', meanwhile)],
    };
  } finally {
    await database.close();
  }
}

async function fill(database: Database, rows: number): Promise<void> {
  for (let start = 0; start < rows; start += FILL_AT_ONCE) {
    const count = Math.min(FILL_AT_ONCE, rows - start);
    await database.write([
      { sql: FILL, args: [start, count] },
      { sql: COUNT, args: [count] },
    ]);
  }
  await database.checkpoint();
}

/** Latencies of enqueues, one after the other for each maker, for `ms` or until `signal`. */
async function load(store: PromiseStore, ms: number, signal?: AbortSignal): Promise<number[]> {
  const endsAt = performance.now() + ms;
  const latencies: number[] = [];
  const maker = async () => {
    while (performance.now() < endsAt && signal?.aborted !== true) {
      const startedAt = performance.now();
      await store.enqueue([{ id: uuidv7(), type: 'made', payload: { n: 1 } }]);
      latencies.push(performance.now() - startedAt);
      await turn();
    }
  };
  await Promise.all(Array.from({ length: MAKERS }, maker));
  return latencies;
}

function row(name: string, latencies: number[]): (string | number)[] {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return [name, sorted.length, at(0.5), at(0.99), (sorted.at(-1) ?? 0).toFixed(1)];
}
