import type { Database, ResultSet, Statement } from '../src/db/index.js';
import type { Dice } from './dice.js';
import type { Timeline } from './timeline.js';

/**
 * What the engine's SQL clock is in a simulation: the server puts its own time in its place
 * when it carries the statement out, as `unixepoch` would.
 */
export const SERVER_TIME = -62_135_596_800_123;

/** The real engine's real database, as a server beyond a network has it: it answers in order. */
export class Server {
  /** How far its clock is from true time. */
  #skewMs = 0;
  /** Statements of one write may see different milliseconds. */
  readonly #ticks: boolean;
  /** Called after each write that was carried out. */
  written: (label: string) => Promise<void> = async () => {};

  constructor(
    private readonly database: Database,
    private readonly timeline: Timeline,
    private readonly dice: Dice,
  ) {
    this.#ticks = dice.chance(0.5);
  }

  now(): number {
    return Math.floor(this.timeline.now + this.#skewMs);
  }

  /** Its clock is put right, or wrong. */
  jump(ms: number): void {
    this.#skewMs += ms;
  }

  async read(statements: readonly Statement[]): Promise<ResultSet[]> {
    return this.database.read(statements.map((one) => this.#bound(one)));
  }

  async write(statements: readonly Statement[], label: string): Promise<ResultSet[]> {
    const results = await this.database.write(statements.map((one) => this.#bound(one)));
    if (results.some(isChange)) await this.written(label);
    return results;
  }

  /** Carries statements out, and keeps nothing of it: what a broken connection does. */
  async forget(statements: readonly Statement[]): Promise<ResultSet[]> {
    const undo = new Error('undone');
    const results: ResultSet[] = [];
    const attempt = this.database.transaction(async (tx) => {
      for (const one of statements) results.push(await tx.execute(this.#bound(one)));
      throw undo;
    });
    await attempt.catch((error: unknown) => {
      if (error !== undo) throw error;
    });
    return results;
  }

  #bound({ sql, args = [] }: Statement): Statement {
    if (this.#ticks && this.dice.chance(0.2)) this.timeline.pass(this.dice.int(1, 3));
    if (!args.includes(SERVER_TIME)) return { sql, args };
    const now = this.now();
    return { sql, args: args.map((value) => (value === SERVER_TIME ? now : value)) };
  }
}

/** False when a statement has surely written nothing: no rows were changed, nor given back. */
function isChange({ rows, rowsAffected }: ResultSet): boolean {
  return rowsAffected > 0 || rows.length > 0;
}
