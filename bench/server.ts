import { setTimeout as sleep } from 'node:timers/promises';
import { type SqldOptions, startSqld } from '../test/support/sqld.js';
import { machineName, markdownTable, median, type Table, writeSection } from './section.js';

const WRITERS = [2, 8, 32];
const ROUNDS = { long: 3, short: 1 } as const;
const ROUND_MS = { long: 60_000, short: 10_000 } as const;
/** Who has committed nothing for so long does not come back: a lock is given to others after 5 s. */
const SILENCE_MS = 15_000;

const SERVERS: Readonly<Record<string, SqldOptions>> = {
  'as it comes': { checkpointEveryS: null },
  '`--checkpoint-interval-s=10`': { checkpointEveryS: 10 },
};

const CREATE = 'CREATE TABLE lines (id INTEGER PRIMARY KEY, text TEXT)';
const LINE = 'x'.repeat(2_000);
/** Of all lines the last twenty thousand stay. */
const WRITE = [
  'BEGIN IMMEDIATE',
  `INSERT INTO lines (text) VALUES ('${LINE}'), ('${LINE}')`,
  'DELETE FROM lines WHERE id < (SELECT max(id) FROM lines) - 20000',
  'COMMIT',
];

interface Round {
  readonly commits: number;
  readonly perSecond: number;
  /** Transactions that the server refused. */
  readonly refused: number;
  /** When it committed for the last time; undefined when it went on to the end. */
  readonly stoppedAfterMs: number | undefined;
}

/**
 * What many writers do to a libsql-server, by plain requests and without Holdfast. `--short` is a look at one
 * short round; it writes nothing down.
 */
export async function run(options: readonly string[]): Promise<void> {
  const size = options.includes('--short') ? 'short' : 'long';
  const table = await measure(ROUNDS[size], ROUND_MS[size]);
  console.log(markdownTable(table));
  if (size === 'short') return;
  const head = `## Many writers on libsql-server\n\nCommand: \`npm run bench server\`. Each writer sends one transaction after the other (two rows of 2 KB, and what is old goes) to \`/v2/pipeline\`, without Holdfast; ${ROUNDS.long} rounds of ${ROUND_MS.long / 1_000} s, each with a new server. A server stands still when it commits nothing for ${SILENCE_MS / 1_000} s. Measured on ${machineName()}.`;
  writeSection('server', [head, markdownTable(table)].join('\n\n'));
}

async function measure(rounds: number, ms: number): Promise<Table> {
  const rows: (string | number)[][] = [];
  for (const writers of WRITERS) {
    for (const [name, options] of Object.entries(SERVERS)) {
      const done: Round[] = [];
      for (let round = 0; round < rounds; round += 1) done.push(await play(writers, ms, options));
      rows.push([writers, name, ...figuresOf(done)]);
    }
  }
  return {
    title: 'Writers, each with a transaction under way at all times',
    columns: ['writers', 'server', 'commits/s (median)', 'refused (worst)', 'stood still'],
    rows,
  };
}

function figuresOf(rounds: readonly Round[]): (string | number)[] {
  const stopped = rounds.flatMap(({ stoppedAfterMs }) => stoppedAfterMs ?? []);
  const after = stopped.map((ms) => `${(ms / 1_000).toFixed(0)} s`).join(', ');
  return [
    Math.round(median(rounds.map(({ perSecond }) => perSecond))),
    Math.max(...rounds.map(({ refused }) => refused)),
    stopped.length === 0 ? 'never' : `${stopped.length} of ${rounds.length}, after ${after}`,
  ];
}

async function play(writers: number, ms: number, options: SqldOptions): Promise<Round> {
  const server = await startSqld(options);
  const over = new AbortController();
  try {
    await send(server.url, [CREATE], over.signal);
    const startedAt = performance.now();
    let lastAt = startedAt;
    let commits = 0;
    let refused = 0;
    const writer = async () => {
      while (!over.signal.aborted) {
        const isDone = await send(server.url, WRITE, over.signal).catch(() => undefined);
        if (isDone === undefined) return;
        if (!isDone) {
          refused += 1;
          continue;
        }
        commits += 1;
        lastAt = performance.now();
      }
    };
    const working = Promise.all(Array.from({ length: writers }, writer));
    const isStill = () => performance.now() - lastAt > SILENCE_MS;
    while (performance.now() - startedAt < ms && !isStill()) await sleep(100);
    const stoppedAfterMs = isStill() ? lastAt - startedAt : undefined;
    over.abort();
    await working;
    return {
      commits,
      refused,
      stoppedAfterMs,
      perSecond: (commits / (lastAt - startedAt)) * 1_000,
    };
  } finally {
    await server.stop('SIGKILL');
  }
}

/** One batch in which each statement runs when the one before it did; whether all of them did. */
async function send(url: string, statements: string[], signal: AbortSignal): Promise<boolean> {
  const steps = statements.map((sql, at) => ({
    stmt: { sql },
    ...(at === 0 ? {} : { condition: { type: 'ok', step: at - 1 } }),
  }));
  const requests = [{ type: 'batch', batch: { steps } }, { type: 'close' }];
  const body = JSON.stringify({ requests });
  const response = await fetch(`${url}/v2/pipeline`, { method: 'POST', body, signal });
  const { results } = (await response.json()) as { results: BatchAnswer[] };
  return results[0]?.response?.result?.step_results.every((result) => result !== null) ?? false;
}

interface BatchAnswer {
  readonly response?: { readonly result?: { readonly step_results: readonly unknown[] } };
}
