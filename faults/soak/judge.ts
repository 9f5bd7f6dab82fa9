import type { Sample } from './orders.js';

/** What a soak has shown. */
export interface Soaked {
  /** Of each process, in order. */
  readonly samples: readonly (readonly Sample[])[];
  /** 0 where the WAL is the server's. */
  readonly walBytesMax: number;
  readonly died: number;
}

/** Twice the size at which a checkpoint begins: writes go on until it has its turn. */
const WAL_BYTES_MAX = 2 * 16_777_216;
/** How much more a process may need in the end. */
const GROWTH = { rssMib: 48, descriptors: 4 } as const;

const LOCKED = new Set(['database-busy']);

/** Holds a soak against what is promised: no locked error, nothing lost, nothing that grows. */
export function judge({ samples, walBytesMax, died }: Soaked): { told: string; faults: string[] } {
  const lasts = samples.flatMap((own) => own.at(-1) ?? []);
  const sum = (of: (sample: Sample) => number) => lasts.reduce((all, one) => all + of(one), 0);
  const [made, lost] = [sum((one) => one.made), sum((one) => one.lost)];
  const errors = new Map<string, number>();
  for (const one of lasts) {
    for (const [code, count] of Object.entries(one.errors))
      errors.set(code, (errors.get(code) ?? 0) + count);
  }
  const rssMib = growth(samples, 'rssMib');
  const descriptors = growth(samples, 'descriptors');
  const p99Ms = Math.max(...samples.flatMap((own) => own.slice(1).map((one) => one.p99Ms)), 0);
  const locked = [...errors].filter(([code]) => LOCKED.has(code) || /locked/i.test(code));
  const faults = [
    ...(made === 0 ? ['nothing was made'] : []),
    ...(died > 0 ? [`${died} processes ended`] : []),
    ...(lost > 0 ? [`${lost} acknowledged and not there`] : []),
    ...locked.map(([code, count]) => `${count} errors ${code}`),
    ...(rssMib > GROWTH.rssMib ? [`memory grew by ${rssMib.toFixed(0)} MiB`] : []),
    ...(descriptors > GROWTH.descriptors ? [`${descriptors} file descriptors more`] : []),
    ...(walBytesMax > WAL_BYTES_MAX ? [`the WAL grew to ${walBytesMax} bytes`] : []),
  ];
  const told = `${made} promises made, ${lost} lost; errors ${JSON.stringify(Object.fromEntries(errors))}; enqueue p99 ${p99Ms.toFixed(0)} ms at worst; WAL ${(walBytesMax / 1_048_576).toFixed(1)} MiB at most; memory +${rssMib.toFixed(0)} MiB, descriptors +${descriptors} in the end`;
  return { told, faults };
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
