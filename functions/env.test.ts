import { describe, expect, test } from 'vitest';
import { HoldfastError } from '../src/core/index.js';
import { allowedHosts, type Edge, isLoopback, readSettings } from './env.js';

const KEY = 'k'.repeat(32);

function problems(env: Record<string, unknown>, edge: Edge = 'node'): string {
  try {
    readSettings(env, edge);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(HoldfastError);
    return (error as HoldfastError).message;
  }
}

describe('settings', () => {
  test.each([
    ['HOLDFAST_API_KEY', 'short', 'at least 32 characters'],
    ['PORT', '8o', 'whole number'],
    ['PORT', '65536', '0 to 65535'],
    ['PORT', '-1', 'whole number'],
    ['QUEUE_DATABASE_URL', 'queue.db', 'file:'],
    ['SYSTEM_DATABASE_ADMIN_URL', 'admin', 'http:'],
    ['HOLDFAST_BUSY_DEADLINE', 'soon', 'duration'],
    ['HOLDFAST_LEASE', '500ms', 'from 1 second'],
    ['HOLDFAST_CHECKPOINTS', 'no', '"on" or "off"'],
    ['HOLDFAST_JOURNAL_MODE', 'memory', 'wal'],
    ['HOLDFAST_CONCURRENCY', '0', '1 to 1000'],
  ])('%s=%s is refused by name and rule', (name, value, rule) => {
    expect(problems({ [name]: value })).toMatch(new RegExp(`^${name}: .*${rule}`));
  });

  test('report all problems at once', () => {
    expect(problems({ PORT: 'x', HOLDFAST_LEASE: 'x' }).split('\n')).toHaveLength(2);
    expect(problems({}, 'worker').split('\n')).toHaveLength(3);
  });

  test('never print a secret, nor what a URL carries', () => {
    const said = problems({
      HOLDFAST_API_KEY: 'hush',
      QUEUE_DATABASE_URL: 'libsqll://u:hush@h/x?authToken=hush',
      SYSTEM_DATABASE_URL: 'libsqll://hush:hush@h',
    });
    expect(said).toContain('a secret of 4 characters');
    expect(said).not.toContain('hush');
  });

  test('have defaults; an empty value is none; defaults of the configuration come after the environment', () => {
    const settings = readSettings({ PORT: '', HOST: '::1' }, 'node', {
      HOST: 'x',
      HOLDFAST_DRAIN: '5s',
    });
    expect(settings).toMatchObject({
      PORT: 8787,
      HOST: '::1',
      QUEUE_DATABASE_URL: 'file:data/queue.db',
      SYSTEM_DATABASE_URL: 'file:data/system.db',
      HOLDFAST_BUSY_DEADLINE: 30_000,
      HOLDFAST_DRAIN: 5_000,
      HOLDFAST_CHECKPOINTS: true,
    });
  });

  test('take durations as text and as milliseconds', () => {
    expect(readSettings({ HOLDFAST_LEASE: '2m' }, 'node').HOLDFAST_LEASE).toBe(120_000);
    expect(readSettings({ HOLDFAST_LEASE: '1500' }, 'node').HOLDFAST_LEASE).toBe(1_500);
  });
});

describe('hosts that may be called although they are private', () => {
  const of = (env: Record<string, string>) => allowedHosts(readSettings(env, 'node'));

  test('are none by default once there is a key, or the service is reachable from elsewhere', () => {
    expect(of({ HOLDFAST_API_KEY: KEY })).toEqual([]);
    expect(of({ HOLDFAST_API_KEY: KEY, HOST: '0.0.0.0' })).toEqual([]);
  });

  test('are the machine itself on loopback without a key', () => {
    expect(of({})).toEqual(['127.0.0.1', '::1', 'localhost']);
  });

  test('are those that were named', () => {
    expect(of({ HOLDFAST_ALLOW_HOSTS: ' a.test, 10.0.0.1 ,' })).toEqual(['a.test', '10.0.0.1']);
  });
});

test('loopback is 127.0.0.0/8, ::1 and localhost', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost'])
    expect(isLoopback(host)).toBe(true);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', 'localhost.example', '']) {
    expect(isLoopback(host)).toBe(false);
  }
});
