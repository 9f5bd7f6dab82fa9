export { type Mail, Mailer, type MailerOptions } from './mail.js';
export {
  createModel,
  type Model,
  type ModelAnswer,
  type ModelOptions,
  type TokenUse,
} from './model.js';
export {
  createOutbound,
  type Outbound,
  type OutboundOptions,
  type OutboundRequest,
  type OutboundResponse,
} from './outbound.js';
export { type ReadableText, readableText } from './readable-text.js';
export {
  type Findings,
  modelSearch,
  type SearchProvider,
  type Source,
  searxng,
} from './search.js';
export {
  createTelegram,
  TELEGRAM_TEXT_LENGTH_MAX,
  type Telegram,
  type TelegramMessage,
  type TelegramOptions,
} from './telegram.js';
export {
  makeWebhookSecret,
  refuseWebhookSecret,
  signatureHeaders,
} from './webhook-signature.js';
