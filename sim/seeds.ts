import './take-over.js';
import { createHash } from 'node:crypto';
import { MISTAKES } from './mistakes/index.js';
import { play } from './play.js';
import { openStage, type Stage } from './stage.js';
import { driven } from './take-over.js';

/** Seeds to be played by one process. */
export interface SeedRange {
  readonly from: number;
  readonly count: number;
  /** A known mistake to be made. */
  readonly mistake?: string | undefined;
}

/** A seed that broke a promise of the engine. */
export interface Broken {
  readonly seed: number;
  readonly violation: string;
  /** Readable, in full. */
  readonly trace: string;
}

export interface RangeReport {
  readonly played: number;
  readonly steps: number;
  /** Of the processor, by all threads of this process. */
  readonly cpuMs: number;
  /** The first; the seeds after it were not played. */
  readonly broken: Broken | undefined;
  /** Of all traces and what each seed left, in order: the same seeds give the same. */
  readonly digest: string;
  /** Of the last seed. */
  readonly trace: string;
}

let stage: Stage | undefined;

/** Plays seeds one after the other until one is broken. */
export async function playSeeds({ from, count, mistake }: SeedRange): Promise<RangeReport> {
  stage ??= await driven(openStage());
  const made = MISTAKES.find(({ name }) => name === mistake);
  if (mistake !== undefined && made === undefined) throw new RangeError(`no mistake ${mistake}`);
  const cpuBefore = process.cpuUsage();
  const digest = createHash('sha256');
  let [steps, played] = [0, 0];
  let broken: Broken | undefined;
  let trace = '';
  for (let seed = from; seed < from + count && broken === undefined; seed += 1) {
    const { violation, world } = await play(stage, seed, made);
    played += 1;
    steps += world.timeline.steps;
    trace = world.trace.text();
    digest.update(`${seed} ${world.timeline.steps} ${world.timeline.now}\n${trace}\n`);
    digest.update(world.snapshot.text);
    if (violation !== undefined) broken = { seed, violation, trace };
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpuMs = (user + system) / 1_000;
  return { played, steps, cpuMs, broken, digest: digest.digest('hex'), trace };
}
