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

/** Slots after `from`, as ISO 8601. */
function slots(
  expression: string,
  place: string,
  from: string,
  count: number,
  dst?: Partial<DstRule>,
): string[] {
  const cron = new CronExpression(expression);
  const rule = { ...cron.usualDst, ...dst };
  const found: string[] = [];
  let at: number | null = Date.parse(from);
  while (found.length < count) {
    at = cron.next(at, zone(place), rule);
    if (at === null) break;
    found.push(new Date(at).toISOString().replace('.000Z', 'Z'));
  }
  return found;
}

describe('cron expressions', () => {
  it.each([
    ['', 'five fields'],
    ['* * * *', 'five fields'],
    ['* * * * * * *', 'five fields'],
    ['2030-01-01T00:00:00', 'five fields'],
    ['60 * * * *', 'minute'],
    ['0 ? * * *', '?'],
    ['@reboot', 'five fields'],
    ['a b c d e', 'illegal'],
  ])('refuses %o', (expression, word) => {
    expect(() => new CronExpression(expression)).toThrow(word);
  });

  it('has no slot when there is none any more', () => {
    expect(slots('0 0 30 2 *', 'Europe/Berlin', '2026-01-01T00:00:00Z', 1)).toEqual([]);
  });

  it('keeps leap days, also over the year that has none', () => {
    expect(slots('0 12 29 2 *', 'Asia/Kathmandu', '2023-01-01T00:00:00Z', 2)).toEqual([
      '2024-02-29T06:15:00Z',
      '2028-02-29T06:15:00Z',
    ]);
    expect(slots('0 0 29 2 *', 'UTC', '2096-03-01T00:00:00Z', 1)).toEqual(['2104-02-29T00:00:00Z']);
  });

  it('counts seconds when there are six fields', () => {
    expect(slots('*/20 * * * * *', 'UTC', '2026-01-01T00:00:05Z', 3)).toEqual([
      '2026-01-01T00:00:20Z',
      '2026-01-01T00:00:40Z',
      '2026-01-01T00:01:00Z',
    ]);
  });
});

/** Made by hand from the rules of each zone: expression, zone, from, rule, slots. */
const DST_TABLE: readonly [string, string, string, Partial<DstRule>, readonly string[]][] = [
  // Berlin skips 02:00 to 03:00 on 29 March 2026, at 01:00 UTC.
  [
    '30 2 * * *',
    'Europe/Berlin',
    '2026-03-28T12:00:00Z',
    { gap: 'after' },
    ['2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z'],
  ],
  [
    '30 2 * * *',
    'Europe/Berlin',
    '2026-03-28T12:00:00Z',
    { gap: 'skip' },
    ['2026-03-30T00:30:00Z', '2026-03-31T00:30:00Z'],
  ],
  [
    '*/30 * * * *',
    'Europe/Berlin',
    '2026-03-29T00:15:00Z',
    {},
    ['2026-03-29T00:30:00Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z'],
  ],
  [
    '30 * * * *',
    'Europe/Berlin',
    '2026-03-29T00:15:00Z',
    { gap: 'after' },
    ['2026-03-29T00:30:00Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z'],
  ],
  // And shows 02:00 to 03:00 twice on 25 October 2026: from 00:00 and from 01:00 UTC.
  [
    '30 2 * * *',
    'Europe/Berlin',
    '2026-10-24T12:00:00Z',
    { fold: 'first' },
    ['2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'],
  ],
  [
    '30 2 * * *',
    'Europe/Berlin',
    '2026-10-24T12:00:00Z',
    { fold: 'last' },
    ['2026-10-25T01:30:00Z', '2026-10-26T01:30:00Z'],
  ],
  [
    '30 2 * * *',
    'Europe/Berlin',
    '2026-10-24T12:00:00Z',
    { fold: 'both' },
    ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2026-10-26T01:30:00Z'],
  ],
  [
    '0,30 * * * *',
    'Europe/Berlin',
    '2026-10-24T23:45:00Z',
    { fold: 'both' },
    [
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:00:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T02:00:00Z',
    ],
  ],
  [
    '0,30 * * * *',
    'Europe/Berlin',
    '2026-10-24T23:45:00Z',
    { fold: 'last' },
    ['2026-10-25T01:00:00Z', '2026-10-25T01:30:00Z', '2026-10-25T02:00:00Z'],
  ],
  // New York: 8 March 2026, 02:00 is skipped; 1 November 2026, 01:00 is shown twice.
  ['0 2 * * *', 'America/New_York', '2026-03-08T05:00:00Z', {}, ['2026-03-08T07:00:00Z']],
  ['15 1 1 11 *', 'America/New_York', '2026-10-01T00:00:00Z', {}, ['2026-11-01T05:15:00Z']],
  [
    '15 1 1 11 *',
    'America/New_York',
    '2026-10-01T00:00:00Z',
    { fold: 'last' },
    ['2026-11-01T06:15:00Z'],
  ],
  // Lord Howe moves by half an hour: 5 April 2026, 01:30 to 02:00 is shown twice; 4 October, 02:00 to 02:30 is skipped.
  [
    '45 1 5 4 *',
    'Australia/Lord_Howe',
    '2026-04-01T00:00:00Z',
    { fold: 'both' },
    ['2026-04-04T14:45:00Z', '2026-04-04T15:15:00Z'],
  ],
  [
    '15 2 4 10 *',
    'Australia/Lord_Howe',
    '2026-10-01T00:00:00Z',
    { gap: 'after' },
    ['2026-10-03T15:30:00Z'],
  ],
  // Santiago skips midnight itself: 6 September 2026, 00:00 to 01:00.
  [
    '0 0 * * *',
    'America/Santiago',
    '2026-09-05T12:00:00Z',
    {},
    ['2026-09-06T04:00:00Z', '2026-09-07T03:00:00Z'],
  ],
  [
    '0 0 * * *',
    'America/Santiago',
    '2026-09-05T12:00:00Z',
    { gap: 'skip' },
    ['2026-09-07T03:00:00Z'],
  ],
  // Apia left out the whole of 30 December 2011.
  [
    '0 12 * * *',
    'Pacific/Apia',
    '2011-12-29T00:00:00Z',
    { gap: 'after' },
    ['2011-12-29T22:00:00Z', '2011-12-30T10:00:00Z', '2011-12-30T22:00:00Z'],
  ],
  [
    '0 12 * * *',
    'Pacific/Apia',
    '2011-12-29T00:00:00Z',
    { gap: 'skip' },
    ['2011-12-29T22:00:00Z', '2011-12-30T22:00:00Z'],
  ],
  // Casablanca goes back for Ramadan and forward after it: 15 February and 22 March 2026.
  [
    '30 2 * * *',
    'Africa/Casablanca',
    '2026-02-14T12:00:00Z',
    { fold: 'both' },
    ['2026-02-15T01:30:00Z', '2026-02-15T02:30:00Z', '2026-02-16T02:30:00Z'],
  ],
  ['30 2 22 3 *', 'Africa/Casablanca', '2026-03-01T00:00:00Z', {}, ['2026-03-22T02:00:00Z']],
];

describe('changes of the clocks', () => {
  it.each(DST_TABLE)('%s in %s after %s with %o', (expression, place, from, dst, expected) => {
    expect(slots(expression, place, from, expected.length, dst)).toEqual(expected);
  });
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
  const rule = fc.record({
    gap: fc.constantFrom('skip' as const, 'after' as const),
    fold: fc.constantFrom('first' as const, 'last' as const, 'both' as const),
  });

  /** Every minute of two days is asked what the clocks show, and how often they do. */
  function expected(pattern: string, place: string, at: number, dst: DstRule): number[] {
    const utc = new Cron(pattern, { utcOffset: 0, mode: '5-or-6-parts' });
    const instants = Array.from({ length: 4 * 1_440 }, (_, n) => at + (n - 2 * 1_440) * MINUTE);
    const shown = instants.map((instant) => instant + zone(place).offsetAt(instant));
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
    const rule = fc.record({
      gap: fc.constantFrom('skip' as const, 'after' as const),
      fold: fc.constantFrom('first' as const, 'last' as const, 'both' as const),
    });
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
