import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../core/index.js';
import {
  classifyError,
  isBadConnection,
  isBusy,
  isReadOnly,
  translateError,
} from './classify-error.js';

const withCode = (code: string, rawCode?: number) =>
  Object.assign(new Error('from below'), { code, ...(rawCode === undefined ? {} : { rawCode }) });
const withStatus = (status: unknown) => Object.assign(new Error('from the server'), { status });
const within = (cause: unknown, levels: number): unknown =>
  levels === 0 ? cause : new Error('around it', { cause: within(cause, levels - 1) });
const named = (name: string) => Object.assign(new Error('ended'), { name });

/** What is known of an error: its code, whether something may have been done, whether to try again. */
const faultOf = (error: unknown) => {
  const { code, effect, retryable, outage } = classifyError(error);
  return [code, effect, retryable ? 'again' : 'never', ...(outage ? ['outage'] : [])].join(' ');
};

describe('an answer with a status', () => {
  it.each([
    [400, 'sql-invalid none never'],
    [401, 'database-auth none never'],
    [403, 'database-auth none never'],
    [404, 'sql-invalid none never'],
    [408, 'database-unavailable unknown again outage'],
    [429, 'database-rate-limited none again outage'],
    [499, 'sql-invalid none never'],
    [500, 'database-unavailable unknown again outage'],
    [503, 'database-unavailable unknown again outage'],
  ])('%d is %s', (status, fault) => {
    expect(faultOf(within(withStatus(status), 1))).toBe(fault);
    expect(classifyError(withStatus(status)).status).toBe(status);
  });

  it('is looked for as deep as clients wrap it, and comes before codes', () => {
    const conflict = Object.assign(withStatus(401), { code: 'SQLITE_BUSY', rawCode: 5 });
    expect(faultOf(conflict)).toBe('database-auth none never');
    expect(classifyError(within(withStatus(401), 3)).status).toBe(401);
    expect(classifyError(within(withStatus(401), 4)).status).toBeNull();
  });

  it.each([399, 200, '401', undefined])('is no error with %j', (status) => {
    expect(classifyError(withStatus(status)).status).toBeNull();
  });

  it('does not go round in circles', () => {
    const circle = new Error('round');
    circle.cause = circle;
    expect(classifyError(circle).code).toBe('database-unavailable');
  });
});

describe('an error of SQLite', () => {
  it.each([
    ['SQLITE_BUSY', 5, 'database-busy none again'],
    ['SQLITE_LOCKED', 6, 'database-busy none again'],
    ['SQLITE_READONLY', 8, 'database-read-only none never'],
    ['SQLITE_INTERRUPT', 9, 'cancelled none never'],
    ['SQLITE_IOERR', 10, 'database-unavailable none again'],
    ['SQLITE_CORRUPT', 11, 'database-corrupt none never'],
    ['SQLITE_FULL', 13, 'database-full none never'],
    ['SQLITE_CANTOPEN', 14, 'database-unavailable none again'],
    ['SQLITE_PROTOCOL', 15, 'database-busy none again'],
    ['SQLITE_CONSTRAINT', 19, 'constraint-violated none never'],
    ['SQLITE_NOTADB', 26, 'database-corrupt none never'],
    ['SQLITE_ERROR', 1, 'sql-invalid none never'],
  ])(
    '%s means the same by its name, by its number, and where it is extended',
    (name, raw, fault) => {
      expect(faultOf(withCode(name))).toBe(fault);
      expect(faultOf(withCode(`${name}_MORE`))).toBe(fault);
      expect(faultOf(withCode('', raw))).toBe(fault);
      expect(faultOf(withCode('', raw + 256))).toBe(fault);
    },
  );

  it('is not told by a name that only begins alike', () => {
    expect(faultOf(withCode('SQLITE_BUSYBODY'))).toBe('sql-invalid none never');
  });

  it('that finds its snapshot too old runs the transaction again', () => {
    for (const error of [withCode('', 517), withCode('SQLITE_BUSY_SNAPSHOT')])
      expect(faultOf(error)).toBe('transaction-conflict none again');
  });

  it('has no number when that is 0', () => {
    expect(faultOf(withCode('SQLITE_FULL', 0))).toBe('database-full none never');
  });

  it('without a code is a file that cannot be opened', () => {
    expect(faultOf(withCode(''))).toBe('database-unavailable none again');
  });
});

describe('an error of a client or a server', () => {
  it.each([
    ['TRANSACTION_TIMEOUT', 'transaction-expired none again'],
    ['TRANSACTION_CLOSED', 'transaction-expired none again'],
    ['TRANSACTION_BUSY', 'database-busy none again'],
    ['STREAM_EXPIRED', 'transaction-expired none again'],
    ['RESPONSE_TOO_LARGE', 'response-too-large unknown never'],
    ['BLOCKED', 'database-read-only none never'],
    ['CLIENT_CLOSED', 'database-closed none never'],
    ['HRANA_CLOSED_ERROR', 'database-unavailable unknown again outage'],
    ['HRANA_WEBSOCKET_ERROR', 'database-unavailable unknown again outage'],
    ['HRANA_PROTO_ERROR', 'database-unavailable unknown again outage'],
    ['SERVER_ERROR', 'database-unavailable unknown again outage'],
    ['INTERNAL_ERROR', 'database-unavailable unknown again outage'],
    ['UNKNOWN', 'database-unavailable unknown again outage'],
    ['SQL_PARSE_ERROR', 'sql-invalid none never'],
  ])('%s is %s', (code, fault) => {
    expect(faultOf(withCode(code))).toBe(fault);
  });
});

describe('an error of the network', () => {
  it.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'UND_ERR_CONNECT_TIMEOUT',
  ])('%s has sent nothing', (code) => {
    expect(faultOf(withCode(code))).toBe('database-unavailable none again outage');
    const failed = new TypeError('fetch failed', { cause: withCode(code) });
    expect(faultOf(failed)).toBe('database-unavailable none again outage');
  });

  it.each(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET'])(
    '%s may have been carried out',
    (code) => {
      expect(faultOf(withCode(code))).toBe('database-unavailable unknown again outage');
      const failed = new TypeError('fetch failed', { cause: withCode(code) });
      expect(faultOf(failed)).toBe('database-unavailable unknown again outage');
    },
  );

  it('is none by a code that is not of that form', () => {
    for (const code of ['XECONNRESET', 'ECONN1', 'E', 'NOT_UND_'])
      expect(faultOf(withCode(code))).toBe('sql-invalid none never');
  });

  it('that took too long, or was given up, may have been carried out', () => {
    expect(faultOf(named('TimeoutError'))).toBe('database-timeout unknown again outage');
    expect(faultOf(named('AbortError'))).toBe('cancelled unknown never');
  });

  it('is whatever tells nothing of itself', () => {
    for (const error of [new Error('?'), 'text', null, undefined])
      expect(faultOf(error)).toBe('database-unavailable unknown again outage');
    expect(faultOf(new TypeError('fetch failed', { cause: new Error('?') }))).toBe(
      'database-unavailable unknown again outage',
    );
    expect(faultOf(Object.assign(new TypeError('terminated'), { code: 'UND_ERR_SOCKET' }))).toBe(
      'database-unavailable unknown again outage',
    );
  });

  it('is not what a wrong argument throws: that was never sent', () => {
    expect(faultOf(new TypeError('unsupported value'))).toBe('sql-invalid none never');
    expect(faultOf(new RangeError('too large an integer'))).toBe('sql-invalid none never');
  });
});

describe('an error of ours', () => {
  it('stays as it is', () => {
    const ours = new HoldfastError('database-busy', 'waited', { retryable: true });
    expect(faultOf(ours)).toBe('database-busy none again');
    expect(faultOf(new HoldfastError('sql-invalid', 'no'))).toBe('sql-invalid none never');
    expect(translateError(ours, 'read')).toBe(ours);
  });

  it('made of a foreign one says what was done, what it was, and whether to try again', () => {
    const cause = Object.assign(withCode('SQLITE_BUSY'), { extendedCode: 'SQLITE_BUSY_TIMEOUT' });
    const busy = translateError(cause, 'promises.claim');
    expect(busy).toMatchObject({ code: 'database-busy', retryable: true, cause });
    expect(busy.message).toBe('promises.claim: from below');
    expect(busy.details).toEqual({ label: 'promises.claim', sqliteCode: 'SQLITE_BUSY_TIMEOUT' });
    expect(translateError(withCode('SQLITE_FULL'), 'a').details).toEqual({
      label: 'a',
      sqliteCode: 'SQLITE_FULL',
    });
    const refused = translateError(withStatus(401), 'a');
    expect(refused).toMatchObject({ retryable: false });
    expect(refused.details).toEqual({ label: 'a', status: 401 });
  });
});

describe('what is done about an error', () => {
  it('waiting cures a lock that others hold, and no snapshot that is too old', () => {
    for (const error of [withCode('', 5), withCode('', 261), withCode('', 6), withCode('', 15)])
      expect(isBusy(error)).toBe(true);
    expect(isBusy(withCode('SQLITE_BUSY'))).toBe(true);
    for (const error of [withCode('', 517), withCode('', 0), withCode('', 13), withCode('')])
      expect(isBusy(error)).toBe(false);
    // Its number counts, where it has one.
    expect(isBusy(withCode('SQLITE_BUSY', 1))).toBe(false);
  });

  it('a write on what may only read goes elsewhere', () => {
    expect(isReadOnly(withCode('SQLITE_READONLY'))).toBe(true);
    expect(isReadOnly(withCode('BLOCKED'))).toBe(true);
    expect(isReadOnly(withCode('SQLITE_BUSY'))).toBe(false);
  });

  it('a connection that cannot be trusted is given up', () => {
    expect(isBadConnection(withCode('SQLITE_IOERR'))).toBe(true);
    expect(isBadConnection(withCode('SQLITE_CORRUPT'))).toBe(true);
    expect(isBadConnection(new HoldfastError('internal', 'broken'))).toBe(true);
    expect(isBadConnection(withCode('SQLITE_BUSY'))).toBe(false);
    expect(isBadConnection(withCode('SQLITE_ERROR'))).toBe(false);
  });
});
