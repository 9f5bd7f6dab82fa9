import { randomBytes } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { botSettings, openBotApi } from './open-bot-api.js';
import { startSqld } from './sqld.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** What the Worker under test finds in its environment. */
    workerSettings: Readonly<Record<string, string>>;
  }
}

/** Starts a libsql-server for each of the Worker's two databases, and a Bot API; stops them after the last test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [queue, system, bot] = await Promise.all([startSqld(), startSqld(), openBotApi()]);
  project.provide('workerSettings', {
    HOLDFAST_API_KEY: randomBytes(32).toString('hex'),
    HOLDFAST_ALLOW_HOSTS: '127.0.0.1,localhost',
    QUEUE_DATABASE_URL: queue.url,
    SYSTEM_DATABASE_URL: system.url,
    ...botSettings(bot),
  });
  return async () => {
    bot.server.close();
    await Promise.all([queue.stop(), system.stop()]);
  };
}
