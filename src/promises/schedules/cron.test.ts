import { describe, expect, it } from 'vitest';
import { CronExpression, type DstRule } from './cron.js';
import { Zone } from './zone.js';

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

  it('says what is wrong in its own words, and keeps whence they come', () => {
    const made = () => new CronExpression('60 * * * *');
    expect(made).toThrow(
      expect.objectContaining({
        name: 'RangeError',
        message: expect.not.stringContaining('CronPattern'),
        cause: expect.objectContaining({ message: expect.stringContaining('CronPattern') }),
      }),
    );
  });

  it.each(['0 0 * * *', '  0  0 * *  * ', '@daily', '@Midnight'])('takes %o', (expression) => {
    expect(slots(expression, 'UTC', '2026-01-01T12:00:00Z', 1)).toEqual(['2026-01-02T00:00:00Z']);
  });

  it.each([
    ['30 2 * * *', { gap: 'after', fold: 'first' }],
    ['0 30 2 * * *', { gap: 'after', fold: 'first' }],
    ['30 2 * * */2', { gap: 'after', fold: 'first' }],
    ['*/5 2 * * *', { gap: 'skip', fold: 'both' }],
    ['0 * * * *', { gap: 'skip', fold: 'both' }],
  ])('%s goes over changes of the clocks by its usual rule', (expression, rule) => {
    expect(new CronExpression(expression).usualDst).toEqual(rule);
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
