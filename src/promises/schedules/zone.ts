/** A stretch of time in which a zone's offset from UTC does not change. */
export interface Segment {
  /** The first instant in it. */
  readonly start: number;
  /** The first instant after it. */
  readonly end: number;
  /** What the zone's clocks show is the instant (UTC) and this. */
  readonly offsetMs: number;
  /** The offset before `start` and from `end` on. */
  readonly offsetBeforeMs: number;
  readonly offsetAfterMs: number;
}

interface Transition {
  readonly at: number;
  readonly offsetMs: number;
}

const DAY_MS = 86_400_000;
/** Zones that suspend summer time for Ramadan change twice within weeks, none within days. */
const SAMPLE_MS = 3 * DAY_MS;
const SECOND_MS = 1_000;

const zones = new Map<string, Zone>();

/** The offsets of one IANA time zone, from the platform's own tables. */
export class Zone {
  readonly #format: Intl.DateTimeFormat;
  /** Segments by the year (UTC) that they were looked for in. */
  readonly #years = new Map<number, readonly Segment[]>();

  /** Undefined when the platform has no such zone. Zones are kept: there are some hundred. */
  static of(name: string): Zone | undefined {
    const known = zones.get(name);
    if (known !== undefined) return known;
    try {
      const zone = new Zone(name);
      zones.set(name, zone);
      return zone;
    } catch {
      return undefined;
    }
  }

  private constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** The segment that holds an instant. It may end where nothing changes, a year or more away. */
  segmentAt(at: number): Segment {
    const year = new Date(at).getUTCFullYear();
    let segments = this.#years.get(year);
    if (segments === undefined) {
      segments = this.#segmentsAround(year);
      this.#years.set(year, segments);
    }
    const found = segments.find((segment) => at < segment.end);
    if (found === undefined) throw new RangeError(`no offset is known at ${at}`);
    return found;
  }

  /** What the zone's clocks show at an instant, less the instant. Whole seconds. */
  offsetAt(at: number): number {
    const shown = new Map(this.#format.formatToParts(at).map((part) => [part.type, part.value]));
    const field = (type: Intl.DateTimeFormatPartTypes) => Number(shown.get(type));
    const wall = Date.UTC(
      field('year'),
      field('month') - 1,
      field('day'),
      field('hour'),
      field('minute'),
      field('second'),
    );
    return wall - Math.floor(at / SECOND_MS) * SECOND_MS;
  }

  /** A year to each side, so that no change is cut off from what stands around it. */
  #segmentsAround(year: number): Segment[] {
    const [from, to] = [Date.UTC(year - 1, 0), Date.UTC(year + 2, 0)];
    const transitions = this.#transitions(from, to);
    let offsetMs = this.offsetAt(from);
    let [start, offsetBeforeMs] = [from, offsetMs];
    const segments: Segment[] = [];
    for (const change of [...transitions, { at: to, offsetMs: Number.NaN }]) {
      const offsetAfterMs = Number.isNaN(change.offsetMs) ? offsetMs : change.offsetMs;
      segments.push({ start, end: change.at, offsetMs, offsetBeforeMs, offsetAfterMs });
      [start, offsetBeforeMs, offsetMs] = [change.at, offsetMs, offsetAfterMs];
    }
    return segments;
  }

  #transitions(from: number, to: number): Transition[] {
    const found: Transition[] = [];
    let before = this.offsetAt(from);
    for (let at = from; at < to; at += SAMPLE_MS) {
      const end = Math.min(at + SAMPLE_MS, to);
      const after = this.offsetAt(end);
      if (after !== before) found.push({ at: this.#changeIn(at, end, before), offsetMs: after });
      before = after;
    }
    return found;
  }

  /** The first instant after `low` whose offset is not `before`. */
  #changeIn(low: number, high: number, before: number): number {
    let [last, first] = [low, high];
    while (first - last > SECOND_MS) {
      const middle = Math.floor((last + first) / 2 / SECOND_MS) * SECOND_MS;
      if (this.offsetAt(middle) === before) last = middle;
      else first = middle;
    }
    return first;
  }
}
