/**
 * Imported before anything else of a simulation: from then on this process has no time, no
 * chance and no event loop but the simulation's. So the engine runs as it is, and a seed
 * replays bit for bit.
 */

const realImmediate = globalThis.setImmediate;
const due: (() => void)[] = [];
let now = 0;

Date.now = () => now;
Math.random = () => 0.5;
// Ids then differ by their time and their counter alone, which every seed begins anew.
crypto.getRandomValues = (array) => {
  if (array !== null) new Uint8Array(array.buffer, array.byteOffset, array.byteLength).fill(0);
  return array;
};
globalThis.setImmediate = ((run: (...args: unknown[]) => void, ...args: unknown[]) => {
  due.push(() => run(...args));
}) as unknown as typeof setImmediate;

/** What `Date.now` says from now on: milliseconds since the epoch. */
export function setNow(ms: number): void {
  now = ms;
}

/** Resolves when nothing is left to do before time goes on. */
export async function quiet(): Promise<void> {
  let runs: (() => void)[];
  do {
    // Ticks come when no microtask is left. A turn of the event loop would say the same, and costs more.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    runs = due.splice(0);
    for (const run of runs) run();
  } while (runs.length > 0);
}

/** Waits for `work`, and gives it the turns of the event loop that it waits for. */
export async function driven<T>(work: Promise<T> | T): Promise<T> {
  let isDone = false;
  const done = Promise.resolve(work).finally(() => {
    isDone = true;
  });
  for (;;) {
    await quiet();
    if (isDone) return done;
    // It waits for something outside: a file, a module.
    await new Promise<void>((resolve) => void realImmediate(resolve));
  }
}
