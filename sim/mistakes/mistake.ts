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

/** What a mistake does between the engine and its database. */
export interface Meddling {
  /** Other statements in the place of these. */
  readonly statements?: (statements: readonly Statement[], sent: Sent) => readonly Statement[];
  /** Several writes in the place of one. */
  readonly parts?: (call: Call) => readonly (readonly Statement[])[];
  /** Other results in the place of these. */
  readonly results?: (
    results: readonly ResultSet[],
    call: Call,
    process: Process,
  ) => readonly ResultSet[];
  /** Sees each failure. True: it is taken for an empty answer. */
  readonly meets?: (failure: Failure, process: Process) => boolean;
  /** True: what the process writes now is answered, and not kept. */
  readonly forgets?: (process: Process) => boolean;
}

/** A mistake that queues on SQL are known to make. Switched on, the simulator must find it. */
export interface Mistake {
  readonly name: string;
  /** In a sentence. */
  readonly what: string;
  /** Made anew for each seed. */
  readonly meddle: () => Meddling;
}

/** Other words in the SQL of the calls of one label. */
export function rewording(label: string, wanted: RegExp, other: string): () => Meddling {
  const known = new Map<string, string>();
  const reworded = (sql: string) => {
    const text = known.get(sql) ?? sql.replace(wanted, other);
    known.set(sql, text);
    return text;
  };
  return () => ({
    statements: (statements, call) =>
      call.label === label
        ? statements.map(({ sql, args = [] }) => ({ sql: reworded(sql), args }))
        : statements,
  });
}
