import type { ResultSet, Statement } from '../../src/db/index.js';
import type { Failure } from '../answer.js';
import type { Call } from '../link.js';
import type { Process } from '../process.js';

/** A call on its way to the server. */
export interface Sent extends Call {
  /** 1 for the first time. */
  readonly sends: number;
  readonly process: Process;
}

/** A mistake that queues on SQL are known to make, put between the engine and its database. */
export interface Mistake {
  readonly name: string;
  /** In a sentence. */
  readonly what: string;
  /** Other statements in the place of these. */
  readonly statements?: (statements: readonly Statement[], sent: Sent) => readonly Statement[];
  /** Several writes in the place of one. */
  readonly parts?: (call: Call) => readonly (readonly Statement[])[];
  /** Other results in the place of these. */
  readonly results?: (results: readonly ResultSet[], call: Call) => readonly ResultSet[];
  /** True: the failure is taken for an empty answer. */
  readonly swallows?: (failure: Failure) => boolean;
  /** True: what the process writes now is answered, and not kept. */
  readonly forgets?: (process: Process) => boolean;
}
