import { STATUSES } from '../../src/promises/index.js';
import { countBy, type Invariant, isAdmitted } from './invariant.js';

/** The counters of every line are what its rows are. */
export const linesCountRight: Invariant = ({ now }) => {
  const real = countBy(
    now.promises.values(),
    ({ queue, type, status }) => `${queue} ${type} ${status}`,
  );
  let counted = 0;
  for (const [queue, type, ...counts] of now.lines) {
    for (const [at, status] of STATUSES.entries()) {
      const count = counts[at] ?? 0;
      const name = `${queue} ${type} ${status}`;
      if (count !== (real.get(name) ?? 0))
        return `${name}: counted ${count}, there are ${real.get(name) ?? 0}`;
      counted += count;
    }
  }
  return counted === now.promises.size
    ? undefined
    : `${now.promises.size - counted} are in no line`;
};

/** Every lane knows how many of its promises are admitted. */
export const lanesCountRight: Invariant = ({ now }) => {
  const admitted = [...now.promises.values()].filter((row) => row.lane !== null && isAdmitted(row));
  const real = countBy(admitted, ({ queue, lane }) => `${queue} ${lane}`);
  for (const [queue, lane, open] of now.lanes) {
    const name = `${queue} ${lane}`;
    if (open !== (real.get(name) ?? 0))
      return `lane ${name}: counted ${open}, there are ${real.get(name) ?? 0}`;
    real.delete(name);
  }
  const [lost] = real.keys();
  return lost === undefined ? undefined : `lane ${lost} has promises and no row`;
};

/** A write leaves no set behind. */
export const scratchIsEmpty: Invariant = ({ now }) =>
  now.scratch === 0 ? undefined : `${now.scratch} rows are left in scratch`;

/** No promise is tried more often than it may be. */
export const attemptsAreBounded: Invariant = ({ now }) => {
  for (const { id, attempt, maxAttempts, crashes } of now.promises.values()) {
    if (attempt > maxAttempts) return `${id} is at attempt ${attempt} of ${maxAttempts}`;
    if (attempt < 0) return `${id} is at attempt ${attempt}`;
    if (crashes > CRASHES_MAX) return `${id} lost ${crashes} workers`;
  }
  return undefined;
};

const CRASHES_MAX = 5;
