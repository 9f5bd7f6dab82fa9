import { describe, expect, test } from 'vitest';
import { readingList, research } from '../../examples/research/research.js';
import { openService, type TestService } from '../http/fixture.js';
import { startTarget } from '../outbound/target-server.js';
import { startModelServer } from '../support/model-server.js';

const make = ({ ask }: TestService, payload: unknown) =>
  ask('POST', '/v1/promises', { body: { type: 'search', payload, maxAttempts: 1 } });

async function result(service: TestService, payload: unknown) {
  const { id } = (await make(service, payload)).body;
  await service.keep();
  return (await service.ask('GET', `/v1/promises/${id}`)).body;
}

const FOUND = {
  query: 'harbour',
  answers: [{ answer: 'A harbour is a place for ships.', url: 'https://example.com/h' }],
  results: [
    { url: 'https://example.com/1', title: 'One', content: 'The first.' },
    { url: 'javascript:alert(1)', title: 'Bad' },
    { url: 'https://example.com/2', title: '', content: '' },
    { url: 'https://example.com/3', title: 'Three', content: 'The third.' },
  ],
};

describe('SearXNG', () => {
  test('is asked through its JSON API, though its address is private, and gives sources', async () => {
    const instance = await startTarget((response) => response.end(JSON.stringify(FOUND)));
    const env = { SEARXNG_URL: `${instance.origin}/searx` };
    const service = await openService({ env });
    expect(await result(service, 'quiet harbour & boats')).toMatchObject({
      status: 'completed',
      result: {
        query: 'quiet harbour & boats',
        provider: 'searxng',
        answer: 'A harbour is a place for ships.',
        sources: [
          { title: 'One', url: 'https://example.com/1', snippet: 'The first.' },
          { title: 'https://example.com/2', url: 'https://example.com/2', snippet: null },
          { title: 'Three', url: 'https://example.com/3', snippet: 'The third.' },
        ],
      },
    });
    expect(instance.received[0]?.path).toBe('/searx/search?q=quiet+harbour+%26+boats&format=json');
    const one = await result(service, { query: 'x', limit: 1 });
    expect(one.result.sources).toHaveLength(1);
  });

  test('is asked by the example of research, which makes a list of what was found', async () => {
    const instance = await startTarget((response) => response.end(JSON.stringify(FOUND)));
    const env = { SEARXNG_URL: instance.origin };
    const service = await openService({ env, tasks: [research, readingList] });
    const body = { type: 'research', payload: { question: 'harbours' } };
    await service.ask('POST', '/v1/promises', { body });
    await service.keep();
    const lists = await service.ask('GET', '/v1/promises?type=reading-list');
    expect(lists.body.data).toMatchObject([
      {
        status: 'completed',
        result: {
          question: 'harbours',
          read: [
            'One: https://example.com/1',
            'https://example.com/2: https://example.com/2',
            'Three: https://example.com/3',
          ],
        },
      },
    ]);
  });

  test('whose JSON is off, or which is ill, fails and says so', async () => {
    const instance = await startTarget((response, { path }) => {
      if (path.includes('ill')) response.writeHead(503).end();
      else response.end('<html>');
    });
    const service = await openService({ env: { SEARXNG_URL: instance.origin } });
    expect((await result(service, 'x')).error.message).toContain('is the format on?');
    expect((await result(service, 'ill')).error).toMatchObject({
      code: 'response-not-ok',
      details: { status: 503 },
    });
  });
});

describe('a model that searches', () => {
  test('answers, and cites each source once', async () => {
    const model = await startModelServer();
    model.answer = () => ['Ships ', 'lie there.'];
    const env = { MODEL_URL: model.url, SEARCH_MODEL_NAME: 'searching' };
    const service = await openService({ env });
    expect((await result(service, { query: 'harbour', provider: 'model' })).result).toEqual({
      query: 'harbour',
      provider: 'model',
      text: 'Ships lie there.',
      answer: 'Ships lie there.',
      sources: [{ title: 'A', url: 'https://example.com/a', snippet: null }],
    });
    expect(model.asked[0]).toMatchObject({ model: 'searching', web_search_options: {} });
    model.next.push({ status: 401 });
    expect((await result(service, 'x')).error).toMatchObject({ code: 'response-not-ok' });
  });
});

test('a provider that is not set, and questions that are none, are refused by name', async () => {
  const service = await openService({ env: { SEARXNG_URL: 'http://127.0.0.1:9' } });
  const refused = await make(service, { query: 'x', provider: 'model' });
  expect(refused.body.issues).toMatchObject([
    { path: 'payload.provider', rule: 'must be one that is set: searxng' },
  ]);
  for (const payload of [null, '', {}, { query: 'x', limit: 0 }]) {
    expect((await make(service, payload)).status).toBe(422);
  }
});
