/** One request to `/v2/pipeline` of a libsql-server, as far as an answer depends on it. */
export interface Pipeline {
  readonly requests: readonly {
    readonly type: string;
    readonly batch?: { readonly steps: readonly Asked[] };
  }[];
}

interface Asked {
  readonly stmt: { readonly sql?: string };
}

/** Of one step: its rows, its error, or that it was left out. */
type Step = 'nothing' | 'left out' | { readonly message: string; readonly code: string };

const NOTHING = {
  cols: [],
  rows: [],
  affected_row_count: 0,
  last_insert_rowid: null,
  rows_read: 3,
  rows_written: 2,
};

const BUSY: Step = { message: 'database is locked', code: 'SQLITE_BUSY' };
const EXPIRED: Step = { message: 'Transaction timed out', code: 'TRANSACTION_TIMEOUT' };

/** As a healthy server answers where there is nothing. */
export const carriedOut = (pipeline: Pipeline) => answer(pipeline, () => 'nothing');

/** The server is busy: what comes first was refused. */
export const refusedBusy = (pipeline: Pipeline) =>
  answer(pipeline, (_asked, at) => (at === 0 ? BUSY : 'left out'));

/** The transaction ran out of time after BEGIN: a real server says so of every step from there on. */
export const expired = (pipeline: Pipeline) =>
  answer(pipeline, (asked) => (/^begin/i.test(asked?.stmt.sql ?? '') ? 'nothing' : EXPIRED));

/** @param stepOf of a step of a batch, or of what is asked by itself */
function answer(
  { requests }: Pipeline,
  stepOf: (asked: Asked | undefined, at: number) => Step,
): object {
  const results = requests.map(({ type, batch }) => {
    if (type === 'execute' || type === 'sequence') return alone(type, stepOf(undefined, 0));
    if (type !== 'batch') return { type: 'ok', response: { type } };
    const steps = (batch?.steps ?? []).map(stepOf);
    const result = {
      step_results: steps.map((step) => (step === 'nothing' ? NOTHING : null)),
      step_errors: steps.map((step) => (typeof step === 'string' ? null : step)),
    };
    return { type: 'ok', response: { type, result } };
  });
  return { baton: null, base_url: null, results };
}

/** A statement by itself, or a script. */
function alone(type: 'execute' | 'sequence', step: Step): object {
  if (typeof step !== 'string') return { type: 'error', error: step };
  return { type: 'ok', response: type === 'execute' ? { type, result: NOTHING } : { type } };
}
