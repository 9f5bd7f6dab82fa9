import { Cron } from 'croner';
import { messageOf } from '../../core/index.js';
import type { Segment, Zone } from './zone.js';

/**
 * What becomes of times that a zone's clocks skip in spring (`gap`) and show twice
 * in autumn (`fold`).
 */
export interface DstRule {
  /** `skip`: it is left out. `after`: it is at the first instant after the gap. */
  readonly gap: 'skip' | 'after';
  /** At which of the two: the first, the last, or both. */
  readonly fold: 'first' | 'last' | 'both';
}

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * SUN',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const SECOND_MS = 1_000;
/** What a search walks through: with two changes a year, more than croner looks ahead. */
const SEGMENTS_MAX = 20_000;
const LONGEST_SHIFT_MS = 2 * 86_400_000;

/**
 * A cron expression: minute, hour, day of month, month and day of week, with
 * seconds before them if there are six. Evaluated on the zone's clocks as croner
 * does on UTC, so that gap and fold are ours to choose.
 */
export class CronExpression {
  readonly #cron: Cron;
  /** The rule when none was chosen: a time of day is kept once a day, an interval goes on through. */
  readonly usualDst: DstRule;

  /** @throws RangeError saying what is wrong with the expression */
  constructor(expression: string) {
    const pattern = NICKNAMES[expression.toLowerCase()] ?? expression.trim();
    const fields = pattern.split(/\s+/);
    if (fields.length !== 5 && fields.length !== 6) {
      throw new RangeError('must have five fields, or six with seconds first');
    }
    if (pattern.includes('?'))
      throw new RangeError('must not have "?", which depends on the moment');
    try {
      this.#cron = new Cron(pattern, { utcOffset: 0, mode: '5-or-6-parts', paused: true });
    } catch (cause) {
      throw new RangeError(messageOf(cause).replace(/^CronPattern: /, ''), { cause });
    }
    const timeOfDay = fields.slice(0, fields.length - 3).join(' ');
    this.usualDst = /[*/]/.test(timeOfDay)
      ? { gap: 'skip', fold: 'both' }
      : { gap: 'after', fold: 'first' };
  }

  /** The first slot after an instant; null when there is none any more. */
  next(after: number, zone: Zone, { gap, fold }: DstRule): number | null {
    let at = (Math.floor(after / SECOND_MS) + 1) * SECOND_MS;
    for (let walked = 0; walked < SEGMENTS_MAX; walked += 1) {
      const segment = zone.segmentAt(at);
      if (gap === 'after' && at === segment.start && this.#hasTimeInGap(segment)) return at;
      const wall = this.#nextIn(segment, at + segment.offsetMs, fold);
      if (wall === null) return null;
      if (wall < segment.end + segment.offsetMs) return wall - segment.offsetMs;
      at = segment.end;
      // The next segment may show again what is behind; later ones hold nothing before `wall`.
      const isShownAgain = segment.offsetAfterMs < segment.offsetMs;
      if (!isShownAgain && wall - LONGEST_SHIFT_MS > at) {
        at = Math.max(at, zone.segmentAt(wall - LONGEST_SHIFT_MS).start);
      }
    }
    return null;
  }

  /** The first time on the clocks from `from` on that counts in this segment, or lies behind it. */
  #nextIn(segment: Segment, from: number, fold: DstRule['fold']): number | null {
    const { start, end, offsetMs, offsetBeforeMs, offsetAfterMs } = segment;
    // Clocks go over these again in this segment, or will in the next.
    const secondPassEnds = start + offsetBeforeMs;
    const firstPassBegins = end + offsetAfterMs;
    const begin = fold === 'first' ? Math.max(from, secondPassEnds) : from;
    const wall = this.#atOrAfter(begin);
    if (fold !== 'last' || wall === null) return wall;
    const isShownAgain = wall >= firstPassBegins && wall < end + offsetMs;
    return isShownAgain ? end + offsetMs : wall;
  }

  #hasTimeInGap({ start, offsetMs, offsetBeforeMs }: Segment): boolean {
    if (offsetMs <= offsetBeforeMs) return false;
    const wall = this.#atOrAfter(start + offsetBeforeMs);
    return wall !== null && wall < start + offsetMs;
  }

  #atOrAfter(wall: number): number | null {
    return this.#cron.nextRun(new Date(wall - SECOND_MS))?.getTime() ?? null;
  }
}
