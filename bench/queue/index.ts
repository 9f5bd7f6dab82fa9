import { machineName, markdownTable, type Table, writeSection } from '../section.js';
import { benchBounds } from './bounds.js';
import { benchFlatness } from './flatness.js';
import { benchMakers, benchWakeUp } from './processes.js';
import { benchServer } from './server.js';
import { benchSpeed } from './speed.js';

/** `--short` is one small round, for a look; it writes nothing down. */
export async function run(options: readonly string[]): Promise<void> {
  const short = options.includes('--short');
  const rounds = short ? 1 : 3;
  const parts: (() => Promise<Table>)[] = [
    () => benchSpeed(rounds, short ? 10_000 : 50_000),
    () => benchBounds(rounds, short ? 10_000 : 50_000),
    () => benchMakers(rounds, short ? 10_000 : 100_000),
    () => benchWakeUp(short ? 40 : 400),
    () => benchServer(),
    () => benchFlatness(1, short ? [10_000] : [10_000, 1_000_000]),
  ];
  const tables: Table[] = [];
  for (const part of parts) {
    const table = await part();
    console.log(`${markdownTable(table)}\n`);
    tables.push(table);
  }
  if (short) return;
  const head = `Measured on ${machineName()}; medians of ${rounds} rounds, flat cost of one.`;
  writeSection('queue', [INTRODUCTION, head, ...tables.map(markdownTable)].join('\n\n'));
}

const INTRODUCTION = `## The promise engine

Command: \`npm run bench queue\` (\`npm run bench queue -- --short\` for a quick look). Files on the
local disk, the settings of the \`queue\` profile but for \`synchronous\`; libsql-server on the same
machine.

What bounds them: SQLite runs on the thread that asks, so one process is as fast as its writes. The second
table has their time beside that of changing the same rows and nothing else; the rest of a claim is
choosing in order, handing payloads over, counters and events. A wake-up across processes has two commits in it, that of
the promise and that of its claim, each with its fsync under full; the column beside has what one takes.
On a server a settlement reads each row of its set about four times: in the set, in the lookup, in the list of what to change, and for the change; a claim and a slice of retention that are ranges read it once a step.`;
