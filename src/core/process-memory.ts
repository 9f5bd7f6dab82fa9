/** What the process takes, in bytes. */
export interface ProcessMemory {
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly externalBytes: number;
}

interface Usage {
  readonly rss: number;
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly external: number;
}

/** Null where the platform does not tell, as workerd. */
export function processMemory(): ProcessMemory | null {
  const { process } = globalThis as { process?: { memoryUsage?: () => Usage } };
  const usage = process?.memoryUsage?.();
  // Where Node's modules are only imitated, every number is 0.
  if (usage === undefined || usage.rss === 0) return null;
  return {
    rssBytes: usage.rss,
    heapUsedBytes: usage.heapUsed,
    heapTotalBytes: usage.heapTotal,
    externalBytes: usage.external,
  };
}
