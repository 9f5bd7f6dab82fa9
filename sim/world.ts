import type { Database } from '../src/db/index.js';
import { stackOf } from './actors/weather.js';
import type { Dice } from './dice.js';
import { type FaultMix, NO_FAULTS } from './faults.js';
import { check } from './invariants/index.js';
import { Ledger } from './ledger.js';
import type { Meddling, Mistake } from './mistakes/index.js';
import { Process } from './process.js';
import type { Scenario } from './scenario.js';
import { Server } from './server.js';
import { EMPTY, type Snapshot, takeSnapshot } from './snapshot.js';
import { Timeline } from './timeline.js';
import { Trace } from './trace.js';

export interface WorldParts {
  /** Empty, and migrated. */
  readonly database: Database;
  readonly dice: Dice;
  readonly scenario: Scenario;
  readonly mistake: Mistake | undefined;
}

/** Everything of one simulation. */
export class World {
  readonly database: Database;
  readonly dice: Dice;
  readonly scenario: Scenario;
  readonly mistake: Meddling | undefined;
  readonly timeline: Timeline;
  readonly server: Server;
  readonly trace = new Trace();
  readonly ledger = new Ledger();
  readonly processes: Process[] = [];
  faults: FaultMix;
  /** When the faults end. */
  readonly calmAt: number;
  /** As it was after the latest write. */
  snapshot: Snapshot = EMPTY;
  /** What went wrong first. */
  violation: string | undefined;

  constructor({ database, dice, scenario, mistake }: WorldParts) {
    this.database = database;
    this.dice = dice;
    this.scenario = scenario;
    this.mistake = mistake?.meddle();
    this.faults = scenario.faults;
    this.timeline = new Timeline(dice);
    this.calmAt = this.timeline.now + scenario.durationMs;
    this.server = new Server(database, this.timeline, dice);
    this.server.written = (label) => this.#look(label);
  }

  /** Starts a process that plays a part. */
  start(name: string, part: (process: Process) => Promise<void>): Process {
    const process = new Process(this, name);
    this.processes.push(process);
    part(process).catch((error: unknown) => {
      this.violate(`${name} ends with ${stackOf(error)}`);
    });
    return process;
  }

  /** Everybody dies, and nothing goes wrong any more. */
  calm(): void {
    this.faults = NO_FAULTS;
    for (const process of this.processes) process.crash();
  }

  violate(what: string | undefined): void {
    if (what === undefined || this.violation !== undefined) return;
    this.violation = what;
    this.trace.note(this.timeline.now, '!', what);
  }

  async #look(label: string): Promise<void> {
    const before = this.snapshot;
    this.snapshot = await takeSnapshot(this.database, before);
    if (this.snapshot === before) return;
    this.ledger.look(this.snapshot);
    this.#trace(label, before);
    this.violate(check({ world: this, now: this.snapshot, before }));
  }

  /** Which promises a write has changed, and to what. */
  #trace(label: string, before: Snapshot): void {
    const { now } = this.timeline;
    this.trace.note(now, label, 'writes');
    for (const [id, row] of this.snapshot.promises) {
      const old = before.promises.get(id);
      const changed = old?.status !== row.status || old.fence !== row.fence;
      if (changed)
        this.trace.note(
          now,
          '',
          `${id} ${row.queue} is ${row.status}`,
          `fence ${row.fence}, attempt ${row.attempt}`,
        );
    }
    for (const id of before.promises.keys()) {
      if (!this.snapshot.promises.has(id)) this.trace.note(now, '', `${id} is gone`);
    }
  }
}
