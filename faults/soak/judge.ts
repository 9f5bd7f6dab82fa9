import { WAL_BYTES_BOUND } from '../wal.js';
import type { Sample } from './orders.js';

/** What a soak has shown. */
export interface Soaked {
  /** Of each process, in order. */
  readonly samples: readonly (readonly Sample[])[];
  /** 0 where the WAL is the server's. */
  readonly walBytesMax: number;
  readonly died: number;
  /** What is wrong with the database afterwards. */
  readonly wrong: readonly string[];
}

/** How much more a process may need in the end. */
const GROWTH = { rssMib: 48, descriptors: 4 } as const;

const LOCKED = /database-busy|locked|write lock/i;

/** Holds a soak against what is promised: no locked error, nothing lost, nothing that grows. */
export function judge({ samples, walBytesMax, died, wrong }: Soaked): {
  told: string;
  faults: string[];
} {
  const lasts = samples.flatMap((own) => own.at(-1) ?? []);
  const sum = (of: (sample: Sample) => number) => lasts.reduce((all, one) => all + of(one), 0);
  const [made, lost, kept] = [
    sum((one) => one.made),
    sum((one) => one.lost),
    sum((one) => one.kept),
  ];
  const lookedFor = sum((one) => one.lookedFor);
  const errors = added(lasts.map((one) => one.errors));
  const rssMib = growth(samples, 'rssMib');
  const descriptors = growth(samples, 'descriptors');
  const locked = Object.entries(errors).filter(([text]) => LOCKED.test(text));
  const faults = [
    ...(lookedFor === 0 ? ['nothing was made and looked for'] : []),
    ...(kept === 0 ? ['nothing was kept'] : []),
    ...(died > 0 ? [`${died} processes ended`] : []),
    ...(lost > 0 ? [`${lost} acknowledged and not there`] : []),
    ...locked.map(([text, count]) => `${count} errors ${text}`),
    ...(rssMib > GROWTH.rssMib ? [`memory grew by ${rssMib.toFixed(0)} MiB`] : []),
    ...(descriptors > GROWTH.descriptors ? [`${descriptors} file descriptors more`] : []),
    ...(walBytesMax > WAL_BYTES_BOUND ? [`the WAL grew to ${walBytesMax} bytes`] : []),
    ...wrong,
  ];
  const told = [
    `${made} promises made, ${kept} runs kept, ${lookedFor} looked for, ${lost} lost`,
    `calls ${JSON.stringify(added(lasts.map((one) => one.calls)))}`,
    `errors ${JSON.stringify(errors)}`,
    `enqueue ${durations(samples)}`,
    `WAL ${(walBytesMax / 1_048_576).toFixed(1)} MiB at most`,
    `memory +${rssMib.toFixed(0)} MiB, descriptors +${descriptors} in the end`,
  ].join('; ');
  return { told, faults };
}

/** Counts of several, together. */
export function added(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const [key, count] of counts.flatMap((one) => Object.entries(one))) {
    all[key] = (all[key] ?? 0) + count;
  }
  return all;
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
 * needed in its second: what leaks never comes down again.
 */
function growth(samples: Soaked['samples'], of: 'rssMib' | 'descriptors'): number {
  const grown = samples.map((own) => {
    const quarter = Math.max(1, Math.floor(own.length / 4));
    const second = own.slice(quarter, 2 * quarter).map((one) => one[of]);
    const last = own.slice(-quarter).map((one) => one[of]);
    return second.length === 0 ? 0 : Math.min(...last) - Math.max(...second);
  });
  return Math.max(0, ...grown);
}
