import type { PlaceKind } from '../place.js';
import { WAL_BYTES_BOUND } from '../wal.js';
import type { Left } from './drain.js';
import { type Sample, type Totals, totalsOf } from './sample.js';

/** What a soak has shown. */
export interface Soaked {
  readonly kind: PlaceKind;
  /** Of each process, in order. */
  readonly samples: readonly (readonly Sample[])[];
  readonly walBytesMax: number;
  readonly died: number;
  /** Processes whose clients did not come to their end. */
  readonly stuck: number;
  /** What was in the database after all had the time to be kept. */
  readonly left: Left;
  /** What is wrong with the database afterwards. */
  readonly wrong: readonly string[];
}

/** How much more a process may need in the end. */
const GROWTH = { rssMib: 48, descriptors: 4 } as const;
/** Of what was made: what was answered so late that it may be gone before it is looked for. */
const UNSEEN_SHARE_MAX = 0.01;
/** Some runs fail, and some promises are cancelled: most are kept. */
const COMPLETED_SHARE_MIN = 0.5;

const LOCKED = /database-busy|locked|write lock/i;
/** Of a server's calls, so many may meet its weather. A file has none. */
const WEATHER_SHARE_MAX = 0.01;
const WEATHER =
  /^(((executor|scheduler)-waits|heartbeat-failed|settlement-delayed): )?(database-(timeout|unavailable|rate-limited)|commit-unknown): /;

/** Holds a soak against what is promised: no locked error, nothing lost, all kept, nothing that grows. */
export function judge(soaked: Soaked): { told: string; faults: string[] } {
  const { samples, walBytesMax, died, stuck, left, wrong } = soaked;
  const totals = totalsOf(samples.flatMap((own) => own.at(-1) ?? []));
  const { calls, made, lookedFor, lost, taken, errors } = totals;
  const rssMib = growth(samples, 'rssMib');
  const descriptors = growth(samples, 'descriptors');
  const faults = [
    ...(made === 0 ? ['nothing was made'] : []),
    ...(made - lookedFor > UNSEEN_SHARE_MAX * made
      ? [`${made - lookedFor} of ${made} were never looked for`]
      : []),
    ...(lost > 0 ? [`${lost} acknowledged and not there`] : []),
    ...unkept(left),
    ...unexplained(totals),
    ...(died > 0 ? [`${died} processes ended`] : []),
    ...(stuck > 0 ? [`${stuck} processes did not come to their end`] : []),
    ...unexcused(soaked.kind, totals),
    ...(rssMib > GROWTH.rssMib ? [`memory grew by ${rssMib.toFixed(0)} MiB`] : []),
    ...(descriptors > GROWTH.descriptors ? [`${descriptors} file descriptors more`] : []),
    ...unbounded(soaked),
    ...wrong,
  ];
  const told = [
    `${made} promises made, ${lookedFor} looked for, ${lost} lost`,
    `of the last ${left.all} there ${left.completed} completed, ${left.open} open`,
    `calls ${JSON.stringify(calls)}`,
    `errors ${JSON.stringify(errors)}`,
    `runs taken ${JSON.stringify(taken)}`,
    `enqueue ${durations(samples)}`,
    `WAL ${(walBytesMax / 1_048_576).toFixed(1)} MiB at most`,
    `memory +${rssMib.toFixed(0)} MiB, descriptors +${descriptors} in the end`,
  ].join('; ');
  return { told, faults };
}

function unkept({ open, completed, all }: Left): string[] {
  return [
    ...(open > 0 ? [`${open} promises were never settled`] : []),
    ...(completed === 0 || completed < COMPLETED_SHARE_MIN * all
      ? [`no more than ${completed} of ${all} were completed`]
      : []),
  ];
}

/** A run is taken by a cancellation, or recovered, which nothing here gives cause for. */
function unexplained({ taken, calls }: Totals): string[] {
  const { recovered = 0, ...refused } = taken;
  const count = Object.values(refused).reduce((all, one) => all + one, 0);
  const { cancel = 0 } = calls;
  return [
    ...(recovered > 0 ? [`${recovered} promises were recovered`] : []),
    ...(count > cancel + recovered
      ? [`${count} runs were refused, and ${cancel} promises cancelled`]
      : []),
  ];
}

function unexcused(kind: PlaceKind, { calls, errors }: Totals): string[] {
  const isWeather = (text: string) => kind === 'sqld' && WEATHER.test(text) && !LOCKED.test(text);
  const met = Object.entries(errors);
  const sum = (counts: readonly number[]) => counts.reduce((all, one) => all + one, 0);
  const weather = sum(met.filter(([text]) => isWeather(text)).map(([, count]) => count));
  const called = sum(Object.values(calls));
  return [
    ...met.filter(([text]) => !isWeather(text)).map(([text, count]) => `${count} errors ${text}`),
    ...(weather > WEATHER_SHARE_MAX * called ? [`${weather} errors of ${called} calls`] : []),
  ];
}

/** The size of a server's WAL is its own matter. */
function unbounded({ kind, walBytesMax }: Soaked): string[] {
  if (walBytesMax === 0) return ['no WAL was seen'];
  const isOver = kind === 'file' && walBytesMax > WAL_BYTES_BOUND;
  return isOver ? [`the WAL grew to ${walBytesMax} bytes`] : [];
}

/** Of all enqueues that have been told. */
function durations(samples: Soaked['samples']): string {
  const sorted = samples.flat().flatMap((one) => one.enqueueMs);
  sorted.sort((one, other) => one - other);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

/**
 * The most by which the least that a process needs in its last quarter is above the most that it
 * needed in its second: what leaks never comes down again. What comes after the last call does not count.
 */
function growth(samples: Soaked['samples'], of: 'rssMib' | 'descriptors'): number {
  const grown = samples.map((all) => {
    const own = all.filter(({ isLast }) => !isLast);
    const quarter = Math.max(1, Math.floor(own.length / 4));
    const second = own.slice(quarter, 2 * quarter).map((one) => one[of]);
    const last = own.slice(-quarter).map((one) => one[of]);
    return second.length === 0 ? 0 : Math.min(...last) - Math.max(...second);
  });
  return Math.max(0, ...grown);
}
