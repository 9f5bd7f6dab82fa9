import { randomBytes } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { botSettings, openBotApi } from './open-bot-api.js';
import { openModelServer } from './open-model-server.js';
import { startSqld } from './sqld.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** What the Worker under test finds in its environment. */
    workerSettings: Readonly<Record<string, string>>;
  }
}

/** Starts a libsql-server for each of the Worker's two databases, a Bot API and a model; stops them after the last test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [queue, system, bot, model] = await Promise.all([
    startSqld(),
    startSqld(),
    openBotApi(),
    openModelServer(),
  ]);
  project.provide('workerSettings', {
    HOLDFAST_API_KEY: randomBytes(32).toString('hex'),
    HOLDFAST_ALLOW_HOSTS: '127.0.0.1,localhost',
    QUEUE_DATABASE_URL: queue.url,
    SYSTEM_DATABASE_URL: system.url,
    ...botSettings(bot),
    MODEL_URL: model.url,
    MODEL_NAME: 'small',
  });
  return async () => {
    bot.server.close();
    model.close();
    await Promise.all([queue.stop(), system.stop()]);
  };
}
