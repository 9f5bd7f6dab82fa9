import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { machineName, markdownTable, median, type Table, writeSection } from '../section.js';
import { withTempDir } from '../temp-dir.js';
import { type Child, startChild } from './child.js';
import { type Load, type Measured, measure } from './load.js';
import { BATCH_SIZE, PROMISE } from './promise.js';

const CONNECTIONS = 64;
const BATCH_CONNECTIONS = 8;
/** Autocannon takes a body as an argument, which the system bounds: batches are kept below it. */
const BATCH_ITEM = { type: PROMISE.type, payload: { order: 17 } };

/** `--short` is one small round, for a look; it writes nothing down. */
export async function run(options: readonly string[]): Promise<void> {
  const short = options.includes('--short');
  const rounds = short ? 1 : 3;
  const seconds = short ? 3 : 10;
  const key = randomBytes(32).toString('hex');
  const table = await withTempDir(async (dir) => {
    const bare = await startChild(['--import', 'tsx', 'bench/http/bare.ts'], {}, /http:\S+/);
    const env = {
      HOLDFAST_API_KEY: key,
      PORT: '0',
      QUEUE_DATABASE_URL: `file:${join(dir, 'queue.db')}`,
      SYSTEM_DATABASE_URL: `file:${join(dir, 'system.db')}`,
    };
    const server = await startChild(startArgs(), env, /http:\/\/[\d.]+:\d+/);
    try {
      return await rows({ bare, server, key, rounds, seconds, file: env.QUEUE_DATABASE_URL });
    } finally {
      await Promise.all([bare.stop(), server.stop()]);
    }
  });
  console.log(markdownTable(table));
  if (short) return;
  const [load] = loadavg();
  const measured = `Measured on ${machineName()}; ${rounds} rounds of ${seconds} s each, medians. The load average at the end was ${load?.toFixed(1)}: other work had its share of the processors.`;
  writeSection('http', [INTRODUCTION, measured, markdownTable(table)].join('\n\n'));
}

/** What `npm start` gives to Node. */
function startArgs(): string[] {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  return String(scripts.start).replace('exec node ', '').split(' ');
}

interface Place {
  readonly bare: Child;
  readonly server: Child;
  readonly key: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly file: string;
}

async function rows(place: Place): Promise<Table> {
  const { bare, server, key, seconds, file } = place;
  const single = { key, body: PROMISE, connections: CONNECTIONS, seconds };
  const make = { ...single, url: `${server.line}/v1/promises` };
  const promises = Array.from({ length: BATCH_SIZE }, () => BATCH_ITEM);
  const batch = {
    ...{ key, body: { promises }, connections: BATCH_CONNECTIONS, seconds },
    url: `${server.line}/v1/promises/batch`,
  };
  // The first requests of a process are slow: they are not measured.
  for (const load of [{ ...single, url: `${bare.line}/v1/promises` }, make, batch]) {
    await measure({ ...load, seconds: 2 }, server);
  }
  const limit = await repeat(place, { ...single, url: `${bare.line}/v1/promises` }, bare);
  const top = await repeat(place, make, server);
  const many = await repeat(place, batch, server);
  const writer = await startChild(['--import', 'tsx', 'bench/http/writer.ts', file]);
  const half = await repeat(place, { ...make, rate: top.perSecond / 2 }, server);
  await writer.stop();
  const line = (what: string, { perSecond, p50, p99, errors, cpuMicros }: Measured, each = 1) => [
    what,
    perSecond,
    perSecond * each,
    p50,
    p99,
    errors,
    Math.round(cpuMicros / each),
  ];
  return {
    title: 'One server process, autocannon in another',
    columns: [
      'what',
      'requests/s',
      'promises/s',
      'p50 ms',
      'p99 ms',
      'errors',
      'server CPU µs a promise',
    ],
    rows: [
      line(`bare Hono route, ${CONNECTIONS} connections`, limit, 1),
      line(`POST /v1/promises, ${CONNECTIONS} connections`, top),
      line(
        `POST /v1/promises/batch of ${BATCH_SIZE}, ${BATCH_CONNECTIONS} connections`,
        many,
        BATCH_SIZE,
      ),
      line('POST /v1/promises at half the top rate, another process writes to the same file', half),
    ],
  };
}

async function repeat({ rounds }: Place, load: Load, server: Child): Promise<Measured> {
  const all: Measured[] = [];
  for (let round = 0; round < rounds; round += 1) all.push(await measure(load, server));
  const of = (name: keyof Measured) => median(all.map((one) => one[name]));
  return {
    perSecond: of('perSecond'),
    p50: of('p50'),
    p99: of('p99'),
    errors: Math.max(...all.map(({ errors }) => errors)),
    cpuMicros: of('cpuMicros'),
  };
}

const INTRODUCTION = `## The HTTP API

Command: \`npm run bench http\` (\`npm run bench http -- --short\` for a quick look).

The service as \`npm start\` runs it: files, \`synchronous=FULL\`, every answer after its commit. The
bare route is Hono on the same server, which reads JSON and answers JSON of the same size: the limit of
what can be had. A processor that the server has for itself is used up at 1,000,000 divided by the last
column, in promises a second; on a machine that is busy otherwise this column says more than the rates.`;
