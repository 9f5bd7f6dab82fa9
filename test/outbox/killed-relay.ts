import { type Database, openDatabase } from '../../src/db/index.js';
import { PromiseStore, relayOutbox } from '../../src/promises/index.js';

const [queuePath, applicationPath, when = ''] = process.argv.slice(2);

/** Dies in place of its first write. */
function deadly(database: Database, isDeadly: boolean): Database {
  if (!isDeadly) return database;
  return new Proxy(database, {
    get: (target, name) => {
      if (name === 'write') return () => process.kill(process.pid, 'SIGKILL');
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const queue = await openDatabase({ name: 'queue', url: `file:${queuePath}`, profile: 'queue' });
const application = await openDatabase({
  name: 'outbox',
  url: `file:${applicationPath}`,
  profile: 'client',
});
const isBefore = when.startsWith('before');
const store = new PromiseStore(deadly(queue, isBefore));
await relayOutbox(deadly(application, !isBefore), store);
