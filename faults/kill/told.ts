import type { PlaceKind } from '../place.js';

/**
 * What a server that is killed, or lets no write through, may do to whoever asks it, and to what waits
 * behind a write that it does not answer. A file answers always.
 */
const OUTAGE = new Set([
  'commit-unknown',
  'database-busy',
  'database-timeout',
  'database-unavailable',
  'transaction-expired',
]);

/** What processes were told, and what became of them. It outlives them. */
export class Told {
  /** Promises that were acknowledged to processes with the engine. */
  readonly made = new Set<string>();
  /** Promises that were acknowledged over HTTP. */
  readonly posted = new Set<string>();
  /** Processes that ended, and nobody had killed them. */
  readonly ends: string[] = [];
  /** Refusals by their text, which begins with a code. */
  readonly #refused = new Map<string, number>();

  get acknowledged(): string[] {
    return [...this.made, ...this.posted];
  }

  /** @param line what a process says: a word, and what belongs to it */
  hear(line: string): void {
    const [word, ...rest] = line.split(' ');
    if (word === 'made') for (const id of rest) this.made.add(id);
    if (word === 'refused') {
      // The same refusal, whatever its milliseconds.
      const text = rest.join(' ').replace(/\d+ ms/g, 'some ms');
      this.#refused.set(text, (this.#refused.get(text) ?? 0) + 1);
    }
  }

  refusals(): string[] {
    return [...this.#refused].map(([text, count]) => `refused ${count} times: ${text}`);
  }

  /** What must not have been said. */
  faults(kind: PlaceKind): string[] {
    const refused = [...this.#refused.keys()].filter(
      (text) => kind === 'file' || !OUTAGE.has(text.split(' ')[0] ?? ''),
    );
    return [...this.ends, ...refused.map((text) => `refused: ${text}`)];
  }
}
