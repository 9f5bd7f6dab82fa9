import type { Process } from '../process.js';
import { SERVER_TIME } from '../server.js';
import { type Mistake, rewording } from './mistake.js';

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Mistakes in what the statements say. */
export const STATEMENT_MISTAKES: readonly Mistake[] = [
  {
    name: 'no-fence-check',
    what: 'a settlement counts whoever holds its promise by now',
    meddle: rewording('promises.settle', /p\.fence = \?3/g, '?3 IS NOT NULL'),
  },
  {
    name: 'recovery-without-fence',
    what: 'recovery gives a promise back without raising its fence',
    meddle: rewording('promises.recover', /fence = p\.fence \+ 1, /g, ''),
  },
  {
    name: 'slot-without-key',
    what: 'a slot that was fired before is passed over in the ledger, and its promise made all the same',
    meddle: rewording(
      'schedules.fire',
      /\(\s*SELECT s\.id FROM schedules s[^)]*\)(, 'fired'[\s\S]*)$/,
      '(o.value ->> 1)$1 WHERE true ON CONFLICT DO NOTHING',
    ),
  },
  {
    name: 'unbounded-delete',
    what: 'retention deletes all that is old in one write',
    meddle: rewording('promises.prune', /LIMIT \?2/g, ''),
  },
  {
    name: 'worker-clock',
    what: "leases are measured by the workers' clocks",
    meddle: () => ({
      statements: (statements, { process }) =>
        statements.map(({ sql, args = [] }) => ({
          sql,
          args: args.map((value) =>
            value === SERVER_TIME ? Math.floor(process.clock.now()) : value,
          ),
        })),
    }),
  },
  {
    name: 'retry-of-insert',
    what: 'an insert that makes its own ids is sent again when its answer is lost',
    meddle: () => ({
      statements: (statements, { label, kind, sends, process }) => {
        if (label !== 'promises.enqueue' || kind === 'read' || sends === 1) return statements;
        return statements.map(({ sql, args = [] }) => ({
          sql,
          args: args.map((value) =>
            typeof value === 'string'
              ? value.replace(ID, (id) => another(id, sends, process))
              : value,
          ),
        }));
      },
    }),
  },
  {
    name: 'no-claim-token',
    what: 'a claim that is sent again takes other promises',
    meddle: () => ({
      statements: (statements, { label, kind, sends, process }) => {
        if (label !== 'promises.claim' || kind === 'read' || sends === 1) return statements;
        return statements.map(({ sql, args = [] }) => ({
          sql,
          args: args.map((value) =>
            typeof value === 'string' && ID.test(value) ? another(value, sends, process) : value,
          ),
        }));
      },
    }),
  },
];

/** An id of its own for each time that it is sent; what others have is left alone. */
function another(id: string, sends: number, { world }: Process): string {
  if (world.ledger.acknowledged.has(id)) return id;
  return `${id.slice(0, -1)}${((Number.parseInt(id.slice(-1), 16) + sends) % 16).toString(16)}`;
}
