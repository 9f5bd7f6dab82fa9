import { onTestFinished } from 'vitest';
import { openBotApi } from './open-bot-api.js';

export type { BotApi, BotBehaviour } from './open-bot-api.js';
export { BOT_SECRET, botSettings, updateOf } from './open-bot-api.js';

/** The same, until the test ends. */
export async function startBotApi() {
  const bot = await openBotApi();
  onTestFinished(bot.server.close);
  return bot;
}
