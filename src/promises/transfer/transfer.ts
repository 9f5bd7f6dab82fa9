import { type Database, databaseClock, type SqlClock } from '../../db/index.js';
import { timeOf } from '../schedules/lookup.js';
import { exportLines } from './export.js';
import type { Digest, ExportedKind, Lines } from './format.js';
import { type ImportReport, importLines, verifyLines } from './import.js';

export interface TransferOptions {
  /** A new sum. */
  readonly digest: () => Digest;
  readonly clock?: SqlClock;
  /** Called when promises were brought in. */
  readonly onImported?: () => void;
}

/** A `queue` database as lines of NDJSON, and back (docs/export.md). */
export class Transfer {
  readonly #database: Database;
  readonly #options: TransferOptions;
  readonly #clock: SqlClock;

  constructor(database: Database, options: TransferOptions) {
    this.#database = database;
    this.#options = options;
    this.#clock = options.clock ?? databaseClock;
  }

  /** Lines, each with its line feed, page by page as they are asked for. */
  async *export(): AsyncGenerator<string, void, undefined> {
    const now = await timeOf(this.#database, this.#clock);
    yield* exportLines(this.#database, this.#options.digest(), now);
  }

  /**
   * Tells what is in an export that is whole; writes nothing.
   * @throws InputInvalidError naming the line; HoldfastError `export-incomplete`
   */
  verify(lines: Lines): Promise<Record<ExportedKind, number>> {
    return verifyLines(lines, this.#options.digest());
  }

  /**
   * Brings an export in, as its lines come: what is there already stays as it is.
   * @throws as `verify`; what came before the line is in then, and known the next time
   */
  async import(lines: Lines): Promise<ImportReport> {
    const report = await importLines(this.#database, this.#clock, lines, this.#options.digest());
    this.#options.onImported?.();
    return report;
  }
}
