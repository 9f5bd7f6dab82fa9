import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { diagnose, migrate, openDatabase } from '../../src/db/index.js';
import { promiseMigrations } from '../../src/promises/index.js';
import { freePort } from '../support/free-port.js';
import { startSqld } from '../support/sqld.js';
import { codesOf, findingOf, look } from './fixture.js';

describe('a database on a server', () => {
  it('is looked at by reads: what the server manages is said, a missing index is found', async () => {
    const server = await startSqld();
    onTestFinished(() => server.stop('SIGKILL'));
    const queue = await openDatabase({ name: 'queue', url: server.url, profile: 'queue' });
    onTestFinished(() => queue.close());
    expect(codesOf(await look(server.url))).toEqual(['managed', 'server-durability']);
    const { advice } = findingOf(await look(server.url), 'managed') ?? {};
    expect(advice).toContain('--checkpoint-interval-s 30');
    await migrate(queue, promiseMigrations);
    await queue.write([{ sql: 'DROP INDEX promises_leased_by_expiry' }]);
    await queue.write([{ sql: 'CREATE TABLE children (parent INTEGER REFERENCES queues)' }]);
    const diagnosis = await look(server.url);
    expect(codesOf(diagnosis, 'warning')).toEqual(['index-missing', 'foreign-key-index-missing']);
    expect(findingOf(diagnosis, 'index-missing')?.found).toBe('index promises_leased_by_expiry');
    expect(diagnosis).toMatchObject({
      ok: true,
      topology: 'remote',
      file: null,
      inside: { schema: { known: 'queue' }, settings: { asOurs: null } },
    });
    expect(diagnosis.notLooked[0]).toContain('locks, WAL, integrity');
  });

  it('that is away is unreachable', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const diagnosis = await look(url, { deadlineMs: 500 });
    expect(diagnosis.ok).toBe(false);
    expect(codesOf(diagnosis)).toEqual(['unreachable']);
  });

  it('that refuses the token is unreachable, and the token is not told', async () => {
    const server = createServer((_request, response) => response.writeHead(401).end('{}'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const diagnosis = await look(`http://127.0.0.1:${port}?authToken=secret-of-mine`);
    expect(findingOf(diagnosis, 'unreachable')?.found).toContain('401');
    expect(JSON.stringify(diagnosis)).not.toContain('secret-of-mine');
  });

  it('in memory is no database to look at', async () => {
    await expect(diagnose({ url: ':memory:' })).rejects.toMatchObject({ code: 'setting-invalid' });
  });
});
