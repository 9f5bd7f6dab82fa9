import type { Clock } from '../core/index.js';
import { HoldfastError, systemClock } from '../core/index.js';
import {
  type CallOptions,
  CommitUnknownError,
  type Database,
  DatabaseBusyError,
  type ResultSet,
  type Statement,
  type Transaction,
  type TransactionOptions,
  type WriteOptions,
} from '../db/index.js';

const FAULT_KINDS = ['drop-request', 'drop-answer', 'busy', 'slow'] as const;

/** Something that goes wrong between a caller and its database. */
export interface Fault {
  /**
   * `drop-request`: it never arrives. `drop-answer`: it is carried out, and the answer is
   * lost; what may be sent again is, as the real database does. `busy`: the lock was not
   * free before the deadline. `slow`: it takes `ms` longer.
   */
  readonly kind: (typeof FAULT_KINDS)[number];
  /** Which calls, by their label, for example `promises.settle`. Default all. */
  readonly on?: string | RegExp;
  /** Which calls, by what they do. Default all. */
  readonly call?: 'read' | 'write' | 'transaction';
  /** How many calls. Default 1. */
  readonly times?: number;
  /** For `slow`: milliseconds by the clock. Default 1,000. */
  readonly ms?: number;
}

/** A fault that has come to pass. */
export interface FaultSeen {
  readonly kind: Fault['kind'];
  readonly call: NonNullable<Fault['call']>;
  readonly label: string;
}

interface Armed {
  readonly fault: Fault;
  left: number;
}

/** A database that goes wrong when it is told to. Everything else passes through. */
export class FaultyDatabase implements Database {
  /** What has gone wrong, in order. */
  readonly seen: FaultSeen[] = [];
  #armed: Armed[] = [];
  #underWay = 0;

  constructor(
    private readonly inner: Database,
    private readonly clock: Clock = systemClock,
  ) {}

  /** Lets the next calls that fit go wrong. Returns how to take it back. */
  inject(fault: Fault): () => void {
    const armed = { fault, left: fault.times ?? 1 };
    this.#armed.push(armed);
    return () => {
      this.#armed = this.#armed.filter((one) => one !== armed);
    };
  }

  /** Takes back every fault that has not come to pass. */
  clear(): void {
    this.#armed = [];
  }

  /** Calls that have not been answered. */
  get underWay(): number {
    return this.#underWay;
  }

  get name() {
    return this.inner.name;
  }

  get topology() {
    return this.inner.topology;
  }

  get capabilities() {
    return this.inner.capabilities;
  }

  read(statements: readonly Statement[], options: CallOptions = {}): Promise<ResultSet[]> {
    const call = () => this.inner.read(statements, options);
    return this.#through('read', options.label, true, call);
  }

  write(statements: readonly Statement[], options: WriteOptions = {}): Promise<ResultSet[]> {
    const call = () => this.inner.write(statements, options);
    return this.#through('write', options.label, options.idempotent === true, call);
  }

  transaction<T>(
    run: (tx: Transaction) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const call = () => this.inner.transaction(run, options);
    return this.#through('transaction', options.label, false, call);
  }

  checkpoint(options?: CallOptions) {
    return this.inner.checkpoint(options);
  }

  vacuum(pagesMax: number, options?: CallOptions) {
    return this.inner.vacuum(pagesMax, options);
  }

  sync() {
    return this.inner.sync();
  }

  verify() {
    return this.inner.verify();
  }

  telemetry() {
    return this.inner.telemetry();
  }

  listen(listener: Parameters<Database['listen']>[0]) {
    return this.inner.listen(listener);
  }

  onForeignCommit(listener: () => void) {
    return this.inner.onForeignCommit(listener);
  }

  close() {
    return this.inner.close();
  }

  /** @param mayRepeat whether a lost answer is asked for again rather than reported */
  async #through<T>(
    call: FaultSeen['call'],
    givenLabel: string | undefined,
    mayRepeat: boolean,
    run: () => Promise<T>,
  ): Promise<T> {
    const label = givenLabel ?? call;
    const fault = this.#next(call, label);
    if (fault?.kind === 'slow') await this.clock.sleep(fault.ms ?? 1_000);
    this.#underWay += 1;
    try {
      switch (fault?.kind) {
        case 'drop-request':
          throw new HoldfastError('database-unavailable', `${label}: the request was lost`, {
            retryable: true,
          });
        case 'busy':
          throw new DatabaseBusyError(label, 30_000, {
            label: 'an injected fault',
            heldMs: 30_000,
          });
        case 'drop-answer': {
          await run();
          if (mayRepeat) return await run();
          throw new CommitUnknownError(label, new Error('the answer was lost'));
        }
        default:
          return await run();
      }
    } finally {
      this.#underWay -= 1;
    }
  }

  #next(call: FaultSeen['call'], label: string): Fault | undefined {
    const armed = this.#armed.find(({ fault }) => fits(fault, call, label));
    if (armed === undefined) return undefined;
    armed.left -= 1;
    if (armed.left <= 0) this.#armed = this.#armed.filter((one) => one !== armed);
    this.seen.push({ kind: armed.fault.kind, call, label });
    return armed.fault;
  }
}

function fits({ on, call: wanted }: Fault, call: FaultSeen['call'], label: string): boolean {
  if (wanted !== undefined && wanted !== call) return false;
  if (on === undefined) return true;
  return typeof on === 'string' ? on === label : on.test(label);
}
