export { echoTask } from './echo.js';
export { webhookTask } from './webhook.js';
export type { WebhookInput } from './webhook-input.js';
export type { WebhookResult } from './webhook-result.js';
