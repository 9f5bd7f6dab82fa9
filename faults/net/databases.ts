import { migrate } from '../../src/db/index.js';
import { promiseMigrations } from '../../src/promises/index.js';
import { type Sqld, startSqld } from '../../test/support/sqld.js';
import { FOR_MANY_CLIENTS } from '../place.js';
import { withQueue } from '../queue.js';
import { Network } from './network.js';

const TEMPLATE = 'template';
const ANSWER_MS_MAX = 20_000;

/**
 * Databases of one libsql-server, as many as are asked for: recovery, retention and schedules
 * look at all of a database, and would do the work that another fault is to meet.
 */
export class Databases {
  #forks = 0;
  /** One after the other: all are of one database. */
  #forking: Promise<void> = Promise.resolve();

  private constructor(private readonly sqld: Sqld) {}

  static async start(): Promise<Databases> {
    const databases = new Databases(
      // A checkpoint may let writes wait for longer than the deadlines here are.
      await startSqld({
        checkpointEveryS: null,
        args: ['--enable-namespaces', ...FOR_MANY_CLIENTS],
      }),
    );
    try {
      await databases.#ask(`${TEMPLATE}/create`);
      const network = await databases.through(TEMPLATE);
      await withQueue(network.url, (database) => migrate(database, promiseMigrations));
      await network.stop();
      return databases;
    } catch (error) {
      await databases.stop();
      throw error;
    }
  }

  /** A new one, with the engine's tables. Returns its name. */
  async fork(): Promise<string> {
    this.#forks += 1;
    const name = `fork${this.#forks}`;
    this.#forking = this.#forking.then(() => this.#ask(`${TEMPLATE}/fork/${name}`));
    await this.#forking;
    return name;
  }

  /** A network that leads to one. */
  through(name: string): Promise<Network> {
    return Network.start(this.sqld.url, `${name}.rig`);
  }

  stop(): Promise<void> {
    return this.sqld.stop();
  }

  async #ask(what: string): Promise<void> {
    const answer = await fetch(`${this.sqld.adminUrl}/v1/namespaces/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
  }
}
