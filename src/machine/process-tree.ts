import { systemClock } from '../core/index.js';
import { glanceAtProcesses, isMarked, listProcesses, type ProcessEntry } from './process-table.js';

/** Set in the environment of a run: what leaves its group and its parents is still found by it. */
export const MARKER = 'HOLDFAST_RUN';

const KILL_ROUNDS_MAX = 100;
const ROUND_MS = 20;
/** What has begun in this moment may not show its mark yet: none is left when so many looks found none. */
const EMPTY_LOOKS = 2;

/**
 * A run's processes: the one that was started, and all that it started, also those that
 * went on when their parents ended.
 */
export class ProcessTree {
  readonly #known = new Set<string>();

  /**
   * @param root the pid of the run, which leads a group and a session of its own
   * @param mark the value of `HOLDFAST_RUN` in its environment
   */
  constructor(
    readonly root: number,
    private readonly mark: string,
  ) {}

  /** Those that run now, but for what has begun in this moment. */
  async members(): Promise<ProcessEntry[]> {
    return this.#membersOf(await glanceAtProcesses());
  }

  /** Asks the run's group to end. */
  terminate(): void {
    send(-this.root, 'SIGTERM');
  }

  /** Ends all of them, and resolves when none is left. Never throws. */
  async kill(): Promise<void> {
    send(-this.root, 'SIGKILL');
    let emptyLooks = 0;
    for (let round = 0; round < KILL_ROUNDS_MAX; round += 1) {
      const members = await this.#left().catch(() => undefined);
      emptyLooks = members?.size === 0 ? emptyLooks + 1 : 0;
      if (emptyLooks === EMPTY_LOOKS) return;
      // A look that failed has not seen that none is left.
      for (const { pid } of members ?? []) send(pid, 'SIGKILL');
      await systemClock.sleep(ROUND_MS);
    }
  }

  async #left(): Promise<ReadonlySet<ProcessEntry>> {
    const processes = await listProcesses();
    const marked = await markedOf(processes, `${MARKER}=${this.mark}`);
    return new Set([...this.#membersOf(processes), ...marked]);
  }

  #membersOf(processes: readonly ProcessEntry[]): ProcessEntry[] {
    const members = new Map<number, ProcessEntry>();
    const isOurs = ({ pid, group, session }: ProcessEntry) =>
      pid === this.root || group === this.root || session === this.root;
    for (const entry of processes) {
      if (isOurs(entry) || this.#known.has(keyOf(entry))) members.set(entry.pid, entry);
    }
    for (let before = -1; before < members.size; ) {
      before = members.size;
      for (const entry of processes) {
        if (members.has(entry.parent)) members.set(entry.pid, entry);
      }
    }
    for (const entry of members.values()) this.#known.add(keyOf(entry));
    return [...members.values()];
  }
}

function keyOf({ pid, start }: ProcessEntry): string {
  return `${pid}@${start}`;
}

async function markedOf(
  processes: readonly ProcessEntry[],
  marker: string,
): Promise<ProcessEntry[]> {
  const marked = await Promise.all(processes.map((entry) => isMarked(entry, marker)));
  return processes.filter((_entry, at) => marked[at]);
}

/** It may have gone already. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}
