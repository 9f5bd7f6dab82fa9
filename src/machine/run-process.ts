import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf, newId, systemClock, waitAtMost } from '../core/index.js';
import type { Guard } from './guard.js';
import { Output } from './output.js';
import { memoryKiBOf } from './process-table.js';
import { MARKER, ProcessTree } from './process-tree.js';

/** What a run may take. Passing one of them ends it with all that it started. */
export interface ProcessLimits {
  readonly timeoutMs: number;
  /** Of all its processes together. */
  readonly memoryMiB: number;
  /** Of both streams together. */
  readonly outputKiB: number;
}

export interface ProcessAsk extends ProcessLimits {
  readonly program: string;
  /** Each is given to the program as it is: there is no shell between. */
  readonly args: readonly string[];
  readonly directory: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to its standard input; left out, that is empty. */
  readonly input?: string;
  /** Ends it when it aborts. */
  readonly signal: AbortSignal;
  /** Called with what was written so far, whenever that grows. */
  readonly onOutput: (output: Output) => void;
}

/** Why a run ended: by itself, or since it was ended. */
export type ProcessFate =
  | 'exited'
  | 'not-started'
  | 'timed-out'
  | 'out-of-memory'
  | 'too-much-output'
  | 'stopped';

export interface ProcessEnd {
  readonly fate: ProcessFate;
  /** Null when a signal ended it, or it was not started. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly durationMs: number;
  /** The most that was seen, looked at four times a second. */
  readonly memoryMiB: number;
  readonly output: Output;
  /** Why it was not started. */
  readonly fault?: string;
}

const LOOK_MS = 250;
/** Between being asked to end and being ended. */
const GRACE_MS = 2_000;
/** For what was written to arrive after the last process has gone. */
const CLOSE_MS = 1_000;

/** Runs a program under limits. Resolves when it has ended and none of what it started is left. Never throws. */
export async function runProcess(ask: ProcessAsk, guard: Guard): Promise<ProcessEnd> {
  const startedAt = systemClock.monotonic();
  const output = new Output();
  const mark = newId();
  const env = { ...ask.env, [MARKER]: mark };
  const nothing = { exitCode: null, signal: null, memoryMiB: 0, output } as const;
  if (ask.signal.aborted) return { fate: 'stopped', durationMs: 0, ...nothing };
  let child: ChildProcess;
  try {
    child = await started(ask, env);
  } catch (error) {
    const durationMs = Math.round(systemClock.monotonic() - startedAt);
    return { fate: 'not-started', fault: messageOf(error), durationMs, ...nothing };
  }
  const pid = child.pid ?? 0;
  const tree = new ProcessTree(pid, mark);
  guard.watch(pid, mark);
  try {
    const end = await new Supervision(child, tree, output, ask).ended;
    return { ...end, output, durationMs: Math.round(systemClock.monotonic() - startedAt) };
  } finally {
    guard.release(pid);
  }
}

/** In a group and a session of its own, so that it can be ended as a whole. */
async function started(
  { program, args, directory, input }: ProcessAsk,
  env: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const child = spawn(program, args, {
    cwd: directory,
    env,
    detached: true,
    shell: false,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.on('error', () => {});
  // It may end without having read all.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return child;
}

type Ending = Pick<ProcessEnd, 'fate' | 'exitCode' | 'signal' | 'memoryMiB'>;

/** Watches a run until none of it is left. */
class Supervision {
  readonly ended: Promise<Ending>;
  #fate: ProcessFate = 'exited';
  #memoryMiB = 0;
  readonly #over = new AbortController();

  constructor(
    private readonly child: ChildProcess,
    private readonly tree: ProcessTree,
    private readonly output: Output,
    private readonly ask: ProcessAsk,
  ) {
    this.ended = this.#watch();
  }

  async #watch(): Promise<Ending> {
    const { child, ask } = this;
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.on('data', (chunk: Buffer) => this.#hear(stream, chunk));
    }
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const exited = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) =>
      child.once('exit', (code, signal) => resolve([code, signal])),
    );
    const timer = setTimeout(() => this.#end('timed-out'), ask.timeoutMs);
    const stop = () => this.#end('stopped');
    ask.signal.addEventListener('abort', stop, { once: true });
    if (ask.signal.aborted) stop();
    void this.#lookAtMemory();
    const [exitCode, signal] = await exited;
    this.#over.abort();
    clearTimeout(timer);
    ask.signal.removeEventListener('abort', stop);
    // What it left behind goes with it, and would keep its streams open.
    await this.tree.kill();
    await waitAtMost(closed, CLOSE_MS);
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    return { fate: this.#fate, exitCode, signal, memoryMiB: this.#memoryMiB };
  }

  #hear(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    if (this.#fate === 'too-much-output') return;
    this.output.add(stream, chunk);
    if (this.output.bytes > this.ask.outputKiB * 1_024) this.#end('too-much-output');
    this.ask.onOutput(this.output);
  }

  async #lookAtMemory(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      // A look that fails is made again.
      const kiB = await this.tree.members().then(memoryKiBOf, () => 0);
      this.#memoryMiB = Math.max(this.#memoryMiB, Math.round(kiB / 1_024));
      if (kiB > this.ask.memoryMiB * 1_024) this.#end('out-of-memory');
      await systemClock.sleep(LOOK_MS, signal);
    }
  }

  /** The first reason counts. Who takes too much is ended at once, others are asked first. */
  #end(fate: ProcessFate): void {
    if (this.#fate !== 'exited' || this.#over.signal.aborted) return;
    this.#fate = fate;
    void this.#endTree(fate === 'timed-out' || fate === 'stopped');
  }

  async #endTree(isAsked: boolean): Promise<void> {
    if (isAsked) {
      this.tree.terminate();
      await systemClock.sleep(GRACE_MS, this.#over.signal);
    }
    await this.tree.kill();
  }
}
