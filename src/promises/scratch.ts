import type { SqlClock, SqlValue, Statement } from '../db/index.js';
import { type EventKind, movesEvent } from './events.js';
import { countMoves } from './lines.js';

/**
 * Moves promises by several statements that must agree on which. They are chosen
 * once, into `scratch`: a statement that asked again could get another answer, as
 * its clock is later.
 */
export interface Move {
  /** Selects (id, next): what moves, and to which status. `next` may be decided later. */
  readonly choose: string;
  readonly args: readonly SqlValue[];
  /** Statements that decide `next`, and drop from `scratch` what stays as it is. */
  readonly decide?: readonly Statement[];
  /** What the log calls it, but for what is settled: that has the `error`. */
  readonly event: {
    readonly kind: EventKind;
    readonly error?: string;
    readonly clock: SqlClock;
  };
  /** Statements that move the promises of `scratch`. */
  readonly apply: readonly Statement[];
}

const COUNT = countMoves(`
  SELECT p.queue, p.type, p.status AS before, s.next AS after
  FROM scratch s CROSS JOIN promises p ON p.id = s.id`);

/** Admitted promises that leave their lane make room in it. */
const LEAVE_LANES = `
UPDATE lanes SET open = lanes.open - gone.n, look_at = 0
FROM (
  SELECT p.queue, p.lane, count(*) AS n FROM scratch s CROSS JOIN promises p ON p.id = s.id
  WHERE p.lane IS NOT NULL AND p.status IN ('pending', 'in_progress')
    AND s.next NOT IN ('pending', 'in_progress')
  GROUP BY p.queue, p.lane
) gone
WHERE lanes.queue = gone.queue AND lanes.lane = gone.lane`;

/** Lanes that promises of the set begin to wait in are looked at by the next admission. */
const ENTER_LANES = `
INSERT INTO lanes (queue, lane, look_at)
SELECT DISTINCT p.queue, p.lane, 0 FROM scratch s CROSS JOIN promises p ON p.id = s.id
WHERE p.lane IS NOT NULL AND s.next = 'waiting'
ON CONFLICT (queue, lane) DO UPDATE SET look_at = 0`;

const CLEAR = 'DELETE FROM scratch';

/** The statements of a move. Nothing chosen is nothing written. */
export function moveStatements({ choose, args, decide = [], event, apply }: Move): Statement[] {
  return [
    { sql: `INSERT INTO scratch (id, next) ${choose}`, args },
    ...decide,
    movesEvent(event.kind, event.error ?? null, event.clock),
    { sql: COUNT },
    { sql: LEAVE_LANES },
    { sql: ENTER_LANES },
    ...apply,
    { sql: CLEAR },
  ];
}
