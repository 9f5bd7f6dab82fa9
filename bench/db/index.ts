import { machineName, markdownTable, type Table, writeSection } from '../section.js';
import { benchConcurrency } from './concurrency.js';
import { benchOverhead } from './overhead.js';
import { benchProcesses } from './processes.js';
import { benchRemote } from './remote.js';

/** `--short` is one small round, for a look; it writes nothing down. */
export async function run(options: readonly string[]): Promise<void> {
  const short = options.includes('--short');
  const rounds = short ? 1 : 3;
  const scale = short ? 0.1 : 1;
  const parts: Table[] = [];
  const part = async (table: Promise<Table>) => {
    const done = await table;
    console.log(`${markdownTable(done)}\n`);
    parts.push(done);
  };
  await part(benchProcesses(rounds, 600 * scale));
  await part(benchConcurrency(rounds));
  await part(benchOverhead(rounds, 5_000 * scale));
  await part(benchRemote(rounds, 1_000 * scale));
  if (short) return;
  writeSection(
    'db',
    [
      INTRODUCTION,
      `Measured on ${machineName()}; ${rounds} rounds.`,
      ...parts.map(markdownTable),
    ].join('\n\n'),
  );
}

const INTRODUCTION = `## holdfast/db beside @libsql/client

Command: \`npm run bench db\` (\`npm run bench db -- --short\` for a quick look).

\`plain\` is \`@libsql/client\` as its documentation says to use it; \`plain + WAL\` adds
\`PRAGMA journal_mode=WAL\`, the same \`synchronous\` and \`timeout: 1000\`. \`holdfast\` is
\`createClient\` of \`holdfast/db\` with nothing changed. Lost rows are rows that were
acknowledged and are not there afterwards.`;
