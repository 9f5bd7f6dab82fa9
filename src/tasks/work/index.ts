export { type AnalyseParts, analyseTask } from './analyse.js';
export { type CallbackParts, callbackTask } from './callback.js';
export type { CommandedPromises } from './commands.js';
export { echoTask } from './echo.js';
export { type MessageHandler, type MessageParts, messageTask, type Talk } from './message.js';
export { type NotifyParts, notifyTask } from './notify.js';
export { type ReflectParts, reflectTask } from './reflect.js';
export { searchTask } from './search.js';
export { webhookTask } from './webhook.js';
