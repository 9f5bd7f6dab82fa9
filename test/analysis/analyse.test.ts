import { describe, expect, test } from 'vitest';
import { openService, type TestService } from '../http/fixture.js';
import { startTarget } from '../outbound/target-server.js';
import { startModelServer } from '../support/model-server.js';

const SENTENCE = 'The harbour was quiet that morning, and the boats lay still in the water. ';
const PAGE = `<html><head><title>Harbour</title></head><body><nav>Menu</nav><article><p>${SENTENCE.repeat(9)}</p>
<p>${SENTENCE.repeat(9)}</p></article><script>x()</script></body></html>`;

async function open() {
  const model = await startModelServer();
  const env = { MODEL_URL: model.url, MODEL_NAME: 'small', HOLDFAST_ALLOW_HOSTS: '127.0.0.1' };
  return { model, ...(await openService({ env })) };
}

const make = ({ ask }: TestService, payload: unknown) =>
  ask('POST', '/v1/promises', {
    body: { type: 'analyse', payload, backoff: { kind: 'fixed', delay: 0 } },
  });

async function result(service: TestService, payload: unknown) {
  const { id } = (await make(service, payload)).body;
  await service.keep();
  return (await service.ask('GET', `/v1/promises/${id}`)).body;
}

const asked = (
  model: { asked: readonly { messages: readonly { content: string }[] }[] },
  at: number,
) => model.asked[at]?.messages[1]?.content ?? '';

test('is not there without a model: its promises are for whoever has one', async () => {
  const service = await openService();
  const { status, body } = await make(service, 'words');
  await service.keep();
  expect([status, (await service.ask('GET', `/v1/promises/${body.id}`)).body.status]).toEqual([
    201,
    'pending',
  ]);
});

test('refuses what it cannot analyse, by name', async () => {
  const service = await open();
  const both = { url: 'https://example.com', text: 'x' };
  for (const payload of [null, {}, both, { text: '' }, { document: { name: 'a' } }, 7]) {
    expect((await make(service, payload)).body.code).toBe('input-invalid');
  }
  for (const payload of ['http://10.0.0.1/', { url: 'file:///etc/passwd' }]) {
    expect((await make(service, payload)).body.code).toBe('address-refused');
  }
  expect(service.model.asked).toEqual([]);
});

describe('a link', () => {
  test('is fetched, made readable, and analysed; the answer comes as progress', async () => {
    const site = await startTarget((response) => {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(PAGE);
    });
    const service = await open();
    const promise = await result(service, `${site.origin}/news`);
    expect(promise).toMatchObject({
      status: 'completed',
      result: {
        text: expect.stringMatching(/^It is about \d+ characters\.$/),
        title: 'Harbour',
        source: `${site.origin}/news`,
        parts: 1,
        isCut: false,
        model: 'small',
        tokens: { input: expect.any(Number), output: 3 },
      },
      progress: { percent: 0, message: expect.stringMatching(/^answering: It is about \d+ char/) },
    });
    expect(asked(service.model, 0)).toContain('the boats lay still');
    expect(asked(service.model, 0)).not.toMatch(/<p>|Menu|x\(\)/);
  });

  test('that does not answer, or is no text, fails and says so', async () => {
    const site = await startTarget((response, { path }) => {
      response.writeHead(path === '/gone' ? 404 : 200, { 'Content-Type': 'image/png' }).end('x');
    });
    const service = await open();
    expect(await result(service, `${site.origin}/gone`)).toMatchObject({
      status: 'failed',
      error: { code: 'response-not-ok', details: { status: 404 } },
    });
    expect(await result(service, `${site.origin}/image`)).toMatchObject({
      status: 'failed',
      error: { message: 'the page is image/png, which cannot be read' },
    });
  });
});

test('a document and a question go to the model as they are meant', async () => {
  const service = await open();
  const document = { name: 'harbour.html', content: PAGE, contentType: 'text/html' };
  const promise = await result(service, { document, question: 'Who is there?' });
  expect(promise.result).toMatchObject({ title: 'Harbour', source: 'harbour.html' });
  expect(asked(service.model, 0)).toMatch(/^Question: Who is there\?\n\nText:\nThe harbour/);
});

test('a long text is read in parts, each checkpointed: a failure repeats one part alone', async () => {
  const service = await open();
  const { model } = service;
  model.answer = ({ messages }) => ['notes of ', messages[1]?.content.slice(0, 7) ?? ''];
  model.next.push('ok', 'break', { status: 503 });
  const text = ['first', 'secnd', 'third'].map((word) => `${word} `.repeat(1_900)).join('\n\n');
  const { id } = (await make(service, { text })).body;
  for (let round = 0; round < 8; round += 1) await service.keep();
  const { body: promise } = await service.ask('GET', `/v1/promises/${id}`);
  expect(promise).toMatchObject({ status: 'completed', attempt: 3 });
  expect(promise.result).toMatchObject({ parts: 3, tokens: { output: 8 } });
  const begins = model.asked.map(({ messages }) => messages[1]?.content.slice(0, 5));
  expect(begins).toEqual(['first', 'secnd', 'secnd', 'secnd', 'third', 'part ']);
  expect(asked(model, 5)).toBe(
    'part 1 of 3: notes of first f\n\npart 2 of 3: notes of secnd s\n\npart 3 of 3: notes of third t',
  );
});

test('a text that is too long is cut, and says so', async () => {
  const service = await open();
  const { id } = (await make(service, { text: 'word '.repeat(60_000) })).body;
  for (let round = 0; round < 30; round += 1) await service.keep();
  const { body } = await service.ask('GET', `/v1/promises/${id}`);
  expect(body.result).toMatchObject({ parts: 20, isCut: true });
});
