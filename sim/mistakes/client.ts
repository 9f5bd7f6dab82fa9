import type { Process } from '../process.js';
import type { Mistake } from './mistake.js';

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
      parts: ({ label, statements }) => {
        const settles = statements.findIndex(({ sql }) =>
          /UPDATE promises AS p SET\s+status = \?5/.test(sql),
        );
        const isMaking = label === 'promises.settle' && settles > 0;
        return isMaking ? [statements.slice(0, settles), statements.slice(settles)] : [statements];
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
