export { type CallbackParts, callbackTask } from './callback.js';
export { echoTask } from './echo.js';
export { webhookTask } from './webhook.js';
