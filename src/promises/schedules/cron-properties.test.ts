import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CronExpression, type DstRule } from './cron.js';
import { Zone } from './zone.js';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Santiago',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Africa/Casablanca',
  'Pacific/Apia',
] as const;

function zone(name: string): Zone {
  const found = Zone.of(name);
  if (found === undefined) throw new Error(`no zone ${name}`);
  return found;
}

const rule = fc.record({
  gap: fc.constantFrom('skip' as const, 'after' as const),
  fold: fc.constantFrom('first' as const, 'last' as const, 'both' as const),
});

describe('by definition', () => {
  const MINUTE = 60_000;
  const minutes = fc.constantFrom('0', '30', '*/7', '15,45', '10-20', '*');
  const hours = fc.constantFrom('*', '0', '1', '2', '3', '1-3', '*/2', '0,2');
  const change = fc.constantFrom(
    ['Europe/Berlin', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '2026-10-25T01:00:00Z'],
    ['America/Santiago', '2026-09-06T04:00:00Z'],
    ['America/Santiago', '2026-04-05T03:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
    ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  );
  const minutesAround = (at: number) =>
    Array.from({ length: 4 * 1_440 }, (_, n) => at + (n - 2 * 1_440) * MINUTE);

  /** By change: asking the platform is what takes long. */
  const known = new Map<string, readonly number[]>();

  function shownAround(place: string, at: number): readonly number[] {
    const key = `${place} ${at}`;
    const shown =
      known.get(key) ?? minutesAround(at).map((minute) => minute + zone(place).offsetAt(minute));
    known.set(key, shown);
    return shown;
  }

  /** Every minute of two days is asked what the clocks show, and how often they do. */
  function expected(pattern: string, place: string, at: number, dst: DstRule): number[] {
    const utc = new Cron(pattern, { utcOffset: 0, mode: '5-or-6-parts' });
    const instants = minutesAround(at);
    const shown = shownAround(place, at);
    const found = instants.filter((_instant, n) => {
      const wall = shown[n] ?? 0;
      if (!utc.match(new Date(wall))) return false;
      if (dst.fold === 'first') return shown.indexOf(wall) === n;
      return dst.fold === 'both' || shown.lastIndexOf(wall) === n;
    });
    const [from, to] = [at - MINUTE + zone(place).offsetAt(at - 1), at + zone(place).offsetAt(at)];
    const inGap = Array.from({ length: Math.max(0, (to - from) / MINUTE - 1) }, (_, n) =>
      utc.match(new Date(from + (n + 1) * MINUTE)),
    );
    const isMoved = dst.gap === 'after' && inGap.includes(true) && !found.includes(at);
    return (isMoved ? [...found, at] : found)
      .sort((a, b) => a - b)
      .filter((slotAt) => Math.abs(slotAt - at) <= 1_440 * MINUTE);
  }

  it('has exactly the slots that the rule asks for around every change', () => {
    fc.assert(
      fc.property(minutes, hours, change, rule, (minute, hour, [place = '', iso = ''], dst) => {
        const at = Date.parse(iso);
        const pattern = `${minute} ${hour} * * *`;
        const cron = new CronExpression(pattern);
        const found: number[] = [];
        let slotAt = cron.next(at - 1_440 * MINUTE - 1, zone(place), dst);
        while (slotAt !== null && slotAt <= at + 1_440 * MINUTE) {
          found.push(slotAt);
          slotAt = cron.next(slotAt, zone(place), dst);
        }
        expect(found).toEqual(expected(pattern, place, at, dst));
      }),
      { numRuns: 60 },
    );
  });
});

describe('against croner', () => {
  const field = (min: number, max: number) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('*') },
      { weight: 3, arbitrary: fc.integer({ min, max }).map(String) },
      fc.integer({ min: 2, max: Math.min(max, 20) }).map((step) => `*/${step}`),
      fc
        .uniqueArray(fc.integer({ min, max }), { minLength: 2, maxLength: 4 })
        .map((values) => values.join(',')),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    );
  const expression = fc
    .tuple(
      fc.option(field(0, 59), { nil: undefined }),
      field(0, 59),
      field(0, 23),
      fc.oneof({ weight: 4, arbitrary: fc.constant('*') }, field(1, 28), fc.constant('L')),
      fc.oneof({ weight: 4, arbitrary: fc.constant('*') }, field(1, 12)),
      fc.oneof({ weight: 4, arbitrary: fc.constant('*') }, field(0, 6)),
    )
    .map((fields) => fields.filter((one) => one !== undefined).join(' '));
  /** Half of them within two days of a change of the clocks. */
  const changes = [
    '2026-03-29',
    '2026-10-25',
    '2026-03-08',
    '2026-11-01',
    '2026-04-05',
    '2026-10-04',
  ];
  const start = fc.oneof(
    fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2030, 0) }),
    fc
      .tuple(fc.constantFrom(...changes), fc.integer({ min: -172_800, max: 172_800 }))
      .map(([day, seconds]) => Date.parse(`${day}T00:00:00Z`) + seconds * 1_000),
  );

  it('has the same slots as croner in every zone, where the rule is the usual one', () => {
    fc.assert(
      fc.property(expression, fc.constantFrom(...ZONES), start, (pattern, place, from) => {
        const cron = new CronExpression(pattern);
        const theirs = new Cron(pattern, {
          timezone: place,
          mode: '5-or-6-parts',
          fixedTimeRule: 'no-wildcard',
        });
        let at = Math.floor(from / 1_000) * 1_000;
        for (let n = 0; n < 12; n += 1) {
          const ours = cron.next(at, zone(place), cron.usualDst);
          expect(ours).toBe(theirs.nextRun(new Date(at))?.getTime() ?? null);
          if (ours === null) break;
          at = ours;
        }
      }),
      { numRuns: 400 },
    );
  });

  it('is in order, whatever the rule, and shows on the clocks what the expression says', () => {
    fc.assert(
      fc.property(
        expression,
        fc.constantFrom(...ZONES),
        start,
        rule,
        (pattern, place, from, dst) => {
          const cron = new CronExpression(pattern);
          const utc = new Cron(pattern, { utcOffset: 0, mode: '5-or-6-parts' });
          let at = from;
          for (let n = 0; n < 12; n += 1) {
            const slotAt = cron.next(at, zone(place), dst);
            if (slotAt === null) break;
            expect(slotAt).toBeGreaterThan(at);
            const { start: segmentStart, offsetMs, offsetBeforeMs } = zone(place).segmentAt(slotAt);
            const isAfterGap = slotAt === segmentStart && offsetMs > offsetBeforeMs;
            const shown = new Date(slotAt + zone(place).offsetAt(slotAt));
            if (!isAfterGap) expect(utc.match(shown)).toBe(true);
            at = slotAt;
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
