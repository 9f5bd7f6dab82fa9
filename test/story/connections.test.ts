import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { tempDir } from '../support/temp-dir.js';
import { startProcess } from './server-process.js';

const MIB = 1_048_576;

test('every client of a body that is too long sees its 413', async () => {
  const { url, key } = await startProcess(tempDir());
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ type: 'echo', payload: 'x'.repeat(3 * MIB) });
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        fetch(`${url}/v1/promises`, { method: 'POST', headers, body }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 413));
    await Promise.all(answers.map((answer) => answer.text()));
  }
  const chunked = await fetch(`${url}/v1/promises`, {
    method: 'POST',
    headers,
    body: new Blob([body]).stream(),
    duplex: 'half',
  } as RequestInit);
  const problem = (await chunked.json()) as { code: string };
  expect([chunked.status, problem.code]).toEqual([413, 'body-too-large']);
});

test('a client without a key sees its 401 whatever it sends', async () => {
  const { url } = await startProcess(tempDir());
  const body = 'x'.repeat(3 * MIB);
  for (let round = 0; round < 10; round++) {
    const refused = await fetch(`${url}/v1/promises`, { method: 'POST', body });
    expect(refused.status).toBe(401);
    await refused.text();
  }
});

test('what is no HTTP, and methods that nobody lists, break nothing', async () => {
  const { url, ask } = await startProcess(tempDir());
  const port = Number(new URL(url).port);
  for (const line of [
    'nonsense\r\n\r\n',
    'TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    'BREW /v1/promises HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET http://[/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  ]) {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.on('error', () => {});
    socket.write(line);
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  }
  expect((await ask('GET', '/healthz')).status).toBe(200);
});
