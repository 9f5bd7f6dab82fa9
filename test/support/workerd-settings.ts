import { randomBytes } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { startSqld } from './sqld.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** What the Worker under test finds in its environment. */
    workerSettings: Readonly<Record<string, string>>;
  }
}

/** Starts a libsql-server for each of the Worker's two databases; stops them after the last test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [queue, system] = await Promise.all([startSqld(), startSqld()]);
  project.provide('workerSettings', {
    HOLDFAST_API_KEY: randomBytes(32).toString('hex'),
    HOLDFAST_ALLOW_HOSTS: '127.0.0.1,localhost',
    QUEUE_DATABASE_URL: queue.url,
    SYSTEM_DATABASE_URL: system.url,
  });
  return async () => {
    await Promise.all([queue.stop(), system.stop()]);
  };
}
