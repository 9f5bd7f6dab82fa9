import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { buildProgram } from '../test/support/program.js';
import type { Broken, RangeReport, SeedRange } from './seeds.js';

/** What a process runs that plays. */
export const PLAYER = 'sim/child.ts';

/** Seeds that a process is given at once. */
const RANGE = 50;

export interface CrewOptions {
  readonly from: number;
  readonly count: number;
  readonly processes: number;
  readonly mistake?: string | undefined;
  /** Told after each range. */
  readonly onPlayed?: (played: number) => void;
}

export interface CrewReport {
  readonly played: number;
  readonly steps: number;
  readonly cpuMs: number;
  /** The lowest seed of those that were found. */
  readonly broken: Broken | undefined;
  readonly seconds: number;
}

/** Plays seeds on several processes, until all are played or one is broken. */
export async function playWithCrew(options: CrewOptions): Promise<CrewReport> {
  const startedAt = performance.now();
  const end = options.from + options.count;
  let [next, played, steps, cpuMs] = [options.from, 0, 0, 0];
  let broken: Broken | undefined;
  const run = async (player: Player) => {
    while (next < end && broken === undefined) {
      const count = Math.min(RANGE, end - next);
      const range: SeedRange = { from: next, count, mistake: options.mistake };
      next += count;
      const report = await player.play(range);
      played += report.played;
      steps += report.steps;
      cpuMs += report.cpuMs;
      broken = firstOf(broken, report.broken);
      options.onPlayed?.(played);
    }
  };
  const program = await buildProgram(PLAYER);
  const players = Array.from({ length: options.processes }, () => new Player(program.path));
  try {
    await Promise.all(players.map(run));
  } finally {
    for (const player of players) player.end();
    program.remove();
  }
  return { played, steps, cpuMs, broken, seconds: (performance.now() - startedAt) / 1_000 };
}

/** A process that plays. */
export class Player {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  /** @param program the path of `PLAYER`, built */
  constructor(program: string) {
    this.#child = fork(program, { execArgv: [] });
    this.#ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`a process that plays seeds has ended with ${code}`);
    });
    this.#ended.catch(() => {});
  }

  async play(range: SeedRange): Promise<RangeReport> {
    const answer = once(this.#child, 'message') as Promise<[RangeReport]>;
    this.#child.send(range);
    const [report] = await Promise.race([answer, this.#ended]);
    return report;
  }

  end(): void {
    this.#child.kill();
  }
}

function firstOf(one: Broken | undefined, other: Broken | undefined): Broken | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.seed < other.seed ? one : other;
}
