import { expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { invoke, settings, tick } from './fixture.js';

const client = createClient({
  url: 'https://holdfast.test',
  key: settings.HOLDFAST_API_KEY,
  fetch: async (input, init) => {
    const { response, done } = await invoke(new Request(String(input), init as RequestInit));
    await done();
    return response;
  },
});

test('an analysis asks a model by a promise, inside workerd', async () => {
  const run = await client.runMaintenance({ task: 'analysis' });
  expect(run).toMatchObject({ outcome: 'completed', counts: { model: true } });
  await tick();
  expect(await client.getPromise({ id: run.id })).toMatchObject({ status: 'completed' });
  const { data } = await client.listInsights({ kind: 'reflection' });
  // The cron of another test may have made one too.
  const own = data.find(({ id }) => id === run.id);
  expect(own?.text).toMatch(/^It is about \d+ char/);
});

test('a page is made readable and analysed, inside workerd', async () => {
  const words = 'The harbour was quiet that morning, and the boats lay still. ';
  const content = `<html><title>H</title><nav>Menu</nav><article><p>${words.repeat(20)}</p></article></html>`;
  const payload = { document: { name: 'page', content, contentType: 'text/html' } };
  const { id } = await client.makePromise({ type: 'analyse', payload });
  const { status, result, failures } = await client.getPromise({ id });
  expect(failures).toEqual([]);
  expect([status, result]).toEqual([
    'completed',
    expect.objectContaining({
      title: 'H',
      text: `It is about ${words.repeat(20).trim().length} characters.`,
    }),
  ]);
});
