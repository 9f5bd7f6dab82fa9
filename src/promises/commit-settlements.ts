import type { Database, SqlClock } from '../db/index.js';
import { admitOperation, startOperation } from './advance.js';
import type { Claim } from './claimed.js';
import { mayWait } from './enqueue.js';
import { inParts, perform } from './operation.js';
import type { Passenger } from './passengers.js';
import {
  outcomesOperation,
  type PreparedSettlement,
  type SettleOutcome,
  settleOperation,
} from './settle.js';

/** What a write made of a set. */
export interface CommittedSettlements {
  /** In the order of the set. */
  readonly outcomes: SettleOutcome[];
  /** Those that this write was the first to be asked for, each id once. */
  readonly firsts: ReadonlySet<PreparedSettlement>;
  readonly hasApplied: boolean;
  /** True when dependents are to be told. */
  readonly releases: boolean;
}

const LABEL = 'promises.settle';

/**
 * Settles a set in one write, each id once. What it did not change is read after it.
 * @param claims go with it
 */
export async function commitSettlements(
  database: Database,
  clock: SqlClock,
  set: readonly PreparedSettlement[],
  deadlineMs: number,
  claims: readonly Passenger<Claim[]>[],
): Promise<CommittedSettlements> {
  const byId = new Map<string, PreparedSettlement>();
  for (const one of set) if (!byId.has(one.settlement.id)) byId.set(one.settlement.id, one);
  const settling = [...byId.values()];
  const hasLane = settling.some(({ held }) => held.lane !== null);
  const waiting = settling
    .flatMap(({ children }) => children)
    .filter((child) => mayWait(child.input))
    .map(({ input }) => input.id);
  const [{ applied, releases }] = await perform(
    database,
    LABEL,
    [
      settleOperation(settling, clock),
      startOperation(waiting, clock),
      inParts(
        claims.map(({ part }) => part),
        () => undefined,
      ),
      ...(hasLane ? [admitOperation(clock)] : []),
    ],
    { deadlineMs },
  );
  const firsts = new Set(settling);
  const known = set.map((one) => (firsts.has(one) ? applied.get(one.settlement.id) : undefined));
  const rest = set.filter((_one, at) => known[at] === undefined);
  const stored = (await readOutcomes(database, rest)).values();
  const outcomes = known.map((outcome) => outcome ?? (stored.next().value as SettleOutcome));
  return { outcomes, firsts, hasApplied: applied.size > 0, releases };
}

async function readOutcomes(
  database: Database,
  set: readonly PreparedSettlement[],
): Promise<SettleOutcome[]> {
  if (set.length === 0) return [];
  const asked = outcomesOperation(set.map(({ settlement }) => settlement));
  return asked.read(await database.read(asked.statements, { label: LABEL }));
}
