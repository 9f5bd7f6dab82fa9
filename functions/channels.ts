import {
  createOutbound,
  createTelegram,
  Mailer,
  modelSearch,
  type Outbound,
  type SearchProvider,
  searxng,
  type Telegram,
} from '../src/outbound/index.js';
import type { Origin } from '../src/promises/index.js';
import { allowedHosts, type Settings } from './env.js';

/** How people are told something, who may be, and who searches. */
export interface Channels {
  readonly telegram: Telegram | undefined;
  readonly mailer: Mailer | undefined;
  /** Who searches the web, the default first. */
  readonly search: readonly SearchProvider[];
  /** Why nothing may be sent there, as far as it shows. */
  readonly refuse: (to: Origin) => string | undefined;
  readonly close: () => Promise<void>;
}

/** @param outbound calls what promises name; services of the settings are called by another */
export function createChannels(settings: Settings, outbound: Outbound): Channels {
  const { TELEGRAM_BOT_TOKEN: token, TELEGRAM_API_ROOT: apiRoot } = settings;
  const { MAIL_API_URL: url, MAIL_API_KEY: apiKey, MAIL_FROM: from } = settings;
  const hasMail = apiKey !== undefined && from !== undefined;
  // Whoever sets a URL may set one of the own network.
  const named = [url, settings.SEARXNG_URL].flatMap((one) => one ?? []);
  const allowHosts = [...allowedHosts(settings), ...named.map((one) => new URL(one).hostname)];
  const configured = createOutbound({ allowHosts });
  return {
    telegram: token === undefined ? undefined : createTelegram({ token, apiRoot }),
    mailer: hasMail ? new Mailer({ outbound: configured, url, apiKey, from }) : undefined,
    refuse: (to) => refusalOf(to, settings, outbound),
    search: searchOf(settings, configured),
    close: () => configured.close(),
  };
}

function searchOf(settings: Settings, outbound: Outbound): SearchProvider[] {
  const {
    SEARXNG_URL: own,
    SEARCH_MODEL_NAME: name,
    MODEL_URL: url,
    MODEL_API_KEY: apiKey,
  } = settings;
  return [
    ...(own === undefined ? [] : [searxng({ url: own, outbound })]),
    ...(name === undefined ? [] : [modelSearch({ url, apiKey, name })]),
  ];
}

export function isAllowedChat(settings: Settings, chat: string): boolean {
  return settings.TELEGRAM_ALLOWED_CHATS?.includes(chat) ?? false;
}

function refusalOf(to: Origin, settings: Settings, outbound: Outbound): string | undefined {
  switch (to.channel) {
    case 'telegram':
      if (settings.TELEGRAM_BOT_TOKEN === undefined) return 'TELEGRAM_BOT_TOKEN is not set';
      if (isAllowedChat(settings, to.chat)) return undefined;
      return `chat ${to.chat} is not one of TELEGRAM_ALLOWED_CHATS`;
    case 'webhook':
      return outbound.refuse(to.url);
    case 'mail': {
      const { MAIL_API_KEY: key, MAIL_FROM: from, MAIL_ALLOWED_TO: allowed = [] } = settings;
      if (key === undefined || from === undefined) return 'MAIL_API_KEY and MAIL_FROM are not set';
      const domain = to.to.slice(to.to.lastIndexOf('@'));
      if (allowed.includes(to.to) || allowed.includes(domain)) return undefined;
      return `${to.to} is not one of MAIL_ALLOWED_TO`;
    }
  }
}
