export { createClient as createWebSocketClient } from '@libsql/client/ws';
