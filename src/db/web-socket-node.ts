import { createClient } from '@libsql/client/ws';
import type { Client, Config } from '@libsql/core/api';
import { handleSteps } from './remote/handled-steps.js';

export function createWebSocketClient(config: Config): Client {
  handleSteps();
  return createClient(config);
}
