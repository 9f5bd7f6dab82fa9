import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type { Child } from './child.js';

const run = promisify(execFile);

export interface Load {
  readonly url: string;
  readonly key: string;
  readonly body: unknown;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second in all; default as many as go. */
  readonly rate?: number;
}

export interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly errors: number;
  /** Processor time of the server a request, in microseconds. */
  readonly cpuMicros: number;
}

interface Report {
  readonly '2xx': number;
  readonly non2xx: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly duration: number;
  readonly latency: { readonly p50: number; readonly p99: number };
}

/** Runs autocannon in a process of its own. */
export async function measure(load: Load, server: Child): Promise<Measured> {
  const bin = createRequire(import.meta.url).resolve('autocannon/autocannon.js');
  const args = [
    ...['--json', '--no-progress', '--method', 'POST'],
    ...['--connections', String(load.connections), '--duration', String(load.seconds)],
    ...(load.rate === undefined ? [] : ['--overallRate', String(Math.round(load.rate))]),
    ...['--headers', `Authorization=Bearer ${load.key}`],
    ...['--headers', 'Content-Type=application/json'],
    ...['--body', JSON.stringify(load.body)],
    load.url,
  ];
  const before = server.cpuMs();
  const { stdout } = await run(process.execPath, [bin, ...args], { maxBuffer: 2 ** 26 });
  const cpuMs = server.cpuMs() - before;
  const report = JSON.parse(stdout) as Report;
  const done = report['2xx'];
  return {
    perSecond: Math.round(done / report.duration),
    p50: report.latency.p50,
    p99: report.latency.p99,
    errors: report.errors + report.timeouts + report.non2xx,
    cpuMicros: Math.round((cpuMs * 1_000) / Math.max(1, done)),
  };
}
