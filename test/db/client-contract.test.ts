import { join } from 'node:path';
import { createClient as createTheirs } from '@libsql/client';
import type { IntMode } from '@libsql/core/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/db/index.js';
import { type Sqld, startSqld } from '../support/sqld.js';
import { tempDir } from '../support/temp-dir.js';
import { observeClient } from './client-scenario.js';

const INT_MODES: readonly IntMode[] = ['number', 'bigint', 'string'];

describe.each(INT_MODES)('with intMode %s the drop-in behaves as @libsql/client', (intMode) => {
  it('on a file', async () => {
    const dir = tempDir();
    const theirs = createTheirs({ url: `file:${join(dir, 'theirs.db')}`, intMode });
    const ours = createClient({ url: `file:${join(dir, 'ours.db')}`, intMode });
    const wanted = await observeClient(theirs, { server: false });
    expect(await observeClient(ours, { server: false })).toEqual(wanted);
  });

  it('in memory', async () => {
    const theirs = createTheirs({ url: ':memory:', intMode });
    const ours = createClient({ url: ':memory:', intMode });
    const wanted = await observeClient(theirs, { server: false });
    expect(await observeClient(ours, { server: false })).toEqual(wanted);
  });
});

describe('the drop-in behaves as @libsql/client on a server', () => {
  let first: Sqld;
  let second: Sqld;
  beforeAll(async () => {
    [first, second] = await Promise.all([startSqld(), startSqld()]);
  });
  afterAll(async () => {
    await Promise.all([first?.stop(), second?.stop()]);
  });

  it.each(['http', 'ws'])('over %s', async (scheme) => {
    const at = ({ url }: Sqld) => url.replace('http', scheme);
    const wipe = 'drop table if exists t; drop table if exists m; drop table if exists mg;';
    for (const { url } of [first, second]) await createTheirs({ url }).executeMultiple(wipe);
    const wanted = await observeClient(createTheirs({ url: at(first) }), { server: true });
    const found = await observeClient(createClient({ url: at(second) }), { server: true });
    expect(found).toEqual(wanted);
  });
});
