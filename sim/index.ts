/**
 * `npm run sim -- --seeds N [--seed S]` plays N seeds from S on; `--seed S` alone replays S and
 * tells all that happened; `--mistakes` makes each known mistake until it is found.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type CrewOptions, type CrewReport, playWithCrew } from './crew.js';
import { MISTAKES } from './mistakes/index.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    mistake: { type: 'string' },
    mistakes: { type: 'boolean', default: false },
    processes: { type: 'string', default: String(availableParallelism()) },
  },
});

/** Every mistake must be found within so many seeds. */
const MISTAKE_SEEDS_MAX = 10_000;
const TOLD_EVERY_MS = 10_000;

const from = numberOf('seed');
const { mistake } = values;
if (values.mistakes) process.exitCode = await huntAll();
else if (values.seeds === undefined) process.exitCode = await replay();
else process.exitCode = await playAll(numberOf('seeds'));

async function replay(): Promise<number> {
  // Here, not above: from then on this process has no time of its own.
  const { playSeeds } = await import('./seeds.js');
  const { broken, digest, trace } = await playSeeds({ from, count: 1, mistake });
  console.log(trace);
  console.log(`\nseed ${from}: ${broken?.violation ?? 'everything held'}\ndigest ${digest}`);
  return broken === undefined ? 0 : 1;
}

async function playAll(count: number): Promise<number> {
  const report = await crew({ from, count, mistake });
  const { broken, played, steps, cpuMs, seconds } = report;
  if (broken !== undefined) {
    console.log(broken.trace);
    console.log(`\nseed ${broken.seed}: ${broken.violation}`);
    const how = mistake === undefined ? '' : ` --mistake ${mistake}`;
    console.log(`replay it: npm run sim -- --seed ${broken.seed}${how}`);
  }
  const perMinute = Math.round((played / seconds) * 60);
  const told = [played, steps, perMinute].map((n) => n.toLocaleString('en'));
  const found = broken === undefined ? 'none is broken' : `seed ${broken.seed} is broken`;
  console.log(
    `seeds ${from} to ${from + count - 1}: ${told[0]} played, ${found}; ${told[1]} steps, ${seconds.toFixed(1)} s, ${told[2]} seeds a minute, ${(cpuMs / played).toFixed(1)} ms of the processor a seed`,
  );
  return broken === undefined ? 0 : 1;
}

async function huntAll(): Promise<number> {
  let missed = 0;
  for (const { name, what } of MISTAKES) {
    const { broken } = await crew({ from, count: MISTAKE_SEEDS_MAX, mistake: name });
    if (broken === undefined) missed += 1;
    const found = broken === undefined ? 'NOT FOUND' : `seed ${broken.seed}: ${broken.violation}`;
    console.log(`${name} (${what})\n  ${found.split('\n')[0]}`);
  }
  console.log(`${MISTAKES.length - missed} of ${MISTAKES.length} found`);
  return missed === 0 ? 0 : 1;
}

function crew(what: Pick<CrewOptions, 'from' | 'count' | 'mistake'>): Promise<CrewReport> {
  let toldAt = performance.now();
  const onPlayed = (played: number) => {
    if (performance.now() - toldAt < TOLD_EVERY_MS) return;
    toldAt = performance.now();
    console.log(`${played.toLocaleString('en')} seeds played`);
  };
  return playWithCrew({ ...what, processes: numberOf('processes'), onPlayed });
}

function numberOf(name: 'seed' | 'seeds' | 'processes'): number {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  console.error(
    `--${name} must be a whole number from 1 (received ${JSON.stringify(values[name])})`,
  );
  process.exit(2);
}
