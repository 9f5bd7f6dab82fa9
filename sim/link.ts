import { HoldfastError } from '../src/core/index.js';
import type { CallOptions, ResultSet, Statement, WriteOptions } from '../src/db/index.js';
import { FaultyDatabase } from '../src/testing/index.js';
import { type Answer, errorOf, failureOf, refusalOf } from './answer.js';
import { drawFault } from './faults.js';
import type { Process } from './process.js';

/** A request is sent so often at most. */
const SENDS_MAX = 4;
/** How long a sender waits for an answer. */
const TIMEOUT_MS = 5_000;

/** One call of the engine. */
export interface Call {
  readonly kind: 'read' | 'write';
  readonly label: string;
  readonly statements: readonly Statement[];
  /** Carried out twice, it has the effect of once. */
  readonly mayRepeat: boolean;
}

/** What a client that takes every error for an empty answer sees. */
const NOTHING: ResultSet = { columns: [], rows: [], rowsAffected: 0 };

/** A process's way to the server: what may be sent again is, as `src/db/remote` does. */
export class Link extends FaultyDatabase {
  readonly #process: Process;

  constructor(process: Process) {
    super(process.world.database);
    this.#process = process;
  }

  override read(statements: readonly Statement[], options: CallOptions = {}) {
    const { label = 'read' } = options;
    return this.#call({ kind: 'read', label, statements, mayRepeat: true });
  }

  override write(statements: readonly Statement[], options: WriteOptions = {}) {
    const { label = 'write', idempotent = false } = options;
    return this.#call({ kind: 'write', label, statements, mayRepeat: idempotent });
  }

  async #call(call: Call): Promise<ResultSet[]> {
    const { dice, mistake } = this.#process.world;
    for (let sends = 1; ; sends += 1) {
      const answer = await this.#send(call, sends);
      if ('results' in answer) {
        return [...(mistake?.results?.(answer.results, call, this.#process) ?? answer.results)];
      }
      const { failure } = answer;
      if (mistake?.meets?.(failure, this.#process) === true)
        return call.statements.map(() => NOTHING);
      const isSafe = failure.effect === 'none' || call.mayRepeat;
      const isRepeated = failure.isRepeated && sends < SENDS_MAX && dice.chance(0.9);
      if (!(isSafe && isRepeated)) throw errorOf(failure, call.kind, call.label);
      await this.#process.sleep(dice.int(5, 400));
    }
  }

  /** One request, and what comes back of it. */
  #send(call: Call, sends: number): Promise<Answer> {
    const { dice, timeline, faults, scenario } = this.#process.world;
    const fault = drawFault(faults, dice);
    const thereMs = this.#latencyMs();
    return new Promise((resolve) => {
      const answer = (ms: number, given: Answer) => this.#process.later(ms, () => resolve(given));
      const answerSoon = (given: Answer) => answer(this.#latencyMs(), given);
      const arrive = (ms: number, then?: (answer: Answer) => void) =>
        timeline.in(ms, () => this.#carryOut(call, sends, then));
      if (fault === undefined) return arrive(thereMs, answerSoon);
      this.#process.note(fault, call.label);
      const failure = { failure: failureOf(fault) };
      const lateMs = () => dice.int(1, scenario.lateMsMax);
      switch (fault) {
        case 'duplicated':
          if (call.mayRepeat) arrive(thereMs + lateMs());
          return arrive(thereMs, answerSoon);
        case 'request-lost':
          return answer(TIMEOUT_MS, failure);
        case 'answer-lost':
          arrive(thereMs);
          return answer(dice.pick([thereMs + 1, TIMEOUT_MS]), failure);
        case 'late':
          arrive(TIMEOUT_MS + lateMs());
          return answer(TIMEOUT_MS, failure);
        case 'timeout':
          arrive(dice.int(1, TIMEOUT_MS));
          return answer(TIMEOUT_MS, failure);
        case 'status-502':
          if (dice.chance(0.5)) arrive(thereMs);
          return answer(thereMs + this.#latencyMs(), failure);
        default:
          return answer(thereMs + this.#latencyMs(), failure);
      }
    });
  }

  /** At the server. A refusal is an answer too. */
  async #carryOut(call: Call, sends: number, then: (answer: Answer) => void = () => {}) {
    const { server, mistake, dice } = this.#process.world;
    const who = `${this.#process.name} ${call.label}`;
    const results: ResultSet[] = [];
    try {
      for (const [at, part] of (mistake?.parts?.(call) ?? [call.statements]).entries()) {
        // What one write would have held together may come apart.
        if (at > 0 && dice.chance(0.3)) return then({ failure: failureOf('busy') });
        const meddle = mistake?.statements;
        const statements = meddle?.(part, { ...call, sends, process: this.#process }) ?? part;
        const isForgotten = mistake?.forgets?.(this.#process) === true;
        if (call.kind === 'read') results.push(...(await server.read(statements)));
        else if (isForgotten) results.push(...(await server.forget(statements)));
        else results.push(...(await server.write(statements, who)));
      }
      then({ results });
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      then({ failure: refusalOf(error) });
    }
  }

  #latencyMs(): number {
    const { dice } = this.#process.world;
    return dice.chance(0.04) ? dice.int(100, 3_000) : dice.int(1, 20);
  }
}
