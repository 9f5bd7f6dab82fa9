export { echoTask } from './echo.js';
export { webhookTask } from './webhook.js';
