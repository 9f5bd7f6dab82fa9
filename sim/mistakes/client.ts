import type { Row, Statement } from '../../src/db/index.js';
import type { Call } from '../link.js';
import type { Process } from '../process.js';
import type { Mistake } from './mistake.js';

/** Whatever settles asks for it; what makes does so before. */
const HELD = 'p.fence = ?3';

/** Mistakes in how a client talks to its database. */
export const CLIENT_MISTAKES: readonly Mistake[] = [
  {
    name: 'deferred-batch',
    what: 'a batch takes the write lock late, and is refused it after its first half',
    meddle: () => ({
      parts: ({ statements }) => {
        const half = Math.ceil(statements.length / 2);
        return statements.length < 2
          ? [statements]
          : [statements.slice(0, half), statements.slice(half)];
      },
    }),
  },
  {
    name: 'effect-outside-batch',
    what: 'what a run makes is written before its settlement, not with it',
    meddle: () => ({
      parts: (call) => {
        const { making, settling } = partsOf(call);
        return making.length > 0 ? [making, settling] : [call.statements];
      },
    }),
  },
  {
    name: 'effect-after-batch',
    what: 'what a run makes is written after its settlement, not with it',
    meddle: () => ({
      parts: (call) => {
        const { making, settling } = partsOf(call);
        return making.length > 0 ? [settling, making] : [call.statements];
      },
      // The engine reads them in the order of its statements.
      results: (results, call) => {
        const { length } = partsOf(call).settling;
        return [...results.slice(length), ...results.slice(0, length)];
      },
    }),
  },
  {
    name: 'rows-affected',
    what: 'a settlement that changed no row is taken for one that came too late',
    meddle: () => ({
      results: (results, { kind, label, statements }) => {
        const isLook = kind === 'read' && label === 'promises.settle';
        if (!isLook || !statements.some(({ sql }) => sql.includes('outcome_fence'))) return results;
        return results.map((result) => ({
          ...result,
          rows: result.rows.map((row) => ({ ...row, outcome_fence: null })),
        }));
      },
    }),
  },
  {
    name: 'swallowed-error',
    what: 'a dropped connection is taken for an empty answer',
    meddle: () => ({ meets: ({ effect }) => effect === 'unknown' }),
  },
  {
    name: 'swallowed-type-error',
    what: 'an executor stumbles over an answer, and waits as if the database were away',
    meddle: () => ({
      results: (results, { label }, { name }) =>
        label === 'promises.claim' && name.startsWith('executor')
          ? results.map((result) => ({ ...result, rows: [null as unknown as Row] }))
          : results,
    }),
  },
  {
    name: 'poisoned-connection',
    what: 'a connection is used on after BUSY: it answers, and commits nothing',
    meddle: () => {
      const poisoned = new Set<Process>();
      return {
        meets: ({ code }, process) => {
          if (code === 'database-busy') poisoned.add(process);
          return false;
        },
        // Others wait for its lock; their deadline closes it.
        forgets: (process) => poisoned.delete(process),
      };
    },
  },
];

/** A settlement's write: what runs make, and all that is behind it. */
function partsOf({ kind, label, statements }: Call): Record<'making' | 'settling', Statement[]> {
  const isSettlement = kind === 'write' && label === 'promises.settle';
  const settles = isSettlement ? statements.findIndex(({ sql }) => sql.includes(HELD)) : 0;
  const at = Math.max(settles, 0);
  return { making: statements.slice(0, at), settling: statements.slice(at) };
}
