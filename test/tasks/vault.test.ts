import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { migrate, openDatabase } from '../../src/db/index.js';
import { PromiseStore, promiseMigrations } from '../../src/promises/index.js';
import {
  AesVault,
  continueWith,
  defineTask,
  encryptionKeys,
  TaskRegistry,
} from '../../src/tasks/index.js';
import { openService } from '../http/fixture.js';
import { tempDir } from '../support/temp-dir.js';
import { setUp } from './fixture.js';

const SECRET = 'the answer is 42';
const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const [A, B] = [key('a'), key('b')];

const secret = defineTask({
  type: 'secret',
  input: z.strictObject({ text: z.string(), account: z.string().optional() }),
  protect: { encrypt: true },
  run: ({ text }, { state }) => (state === null ? continueWith({ text }) : { text }),
});
const open = defineTask({
  type: 'open',
  input: z.any(),
  run: async (_input, { parents, enqueue }) => {
    enqueue(secret, { text: SECRET });
    return (await parents()).map(({ result }) => result as string);
  },
});

const vaultOf = (keys: string, tasks = [secret, open] as const) =>
  new AesVault(encryptionKeys.parse(keys), new TaskRegistry([...tasks]));

describe('the vault', () => {
  it('keeps payloads, states, results and children out of the database, and gives them back', async () => {
    const { database, store, executor, make, until } = await setUp([secret, open], {
      vault: vaultOf(A),
    });
    const raw = async () =>
      JSON.stringify(
        await database.read([
          { sql: 'SELECT payload, result, state, unique_key FROM promises' },
          { sql: 'SELECT body FROM bodies' },
        ]),
      );
    const long = `${SECRET} ${'x'.repeat(1_000)}`;
    const [short, large] = [
      await make({ type: 'secret', payload: { text: SECRET } }),
      await make({ type: 'secret', payload: { text: long } }),
    ];
    expect(await store.get(short)).toMatchObject({ payload: { text: SECRET } });
    const child = await make({ type: 'open', dependsOn: [short, large] });
    executor.start();
    expect(await until(child, 'completed')).toMatchObject({
      result: [{ text: SECRET }, { text: long }],
    });
    expect(await until(large, 'completed')).toMatchObject({ result: { text: long } });
    const listed = await store.list({ type: 'secret', limit: 10 });
    expect(listed.promises).toHaveLength(3);
    for (const one of listed.promises) {
      expect(JSON.stringify(one.payload)).toContain(SECRET);
    }
    // The result of `open` holds what its parents gave it: that type is not kept secret.
    await database.write([{ sql: "UPDATE promises SET result = NULL WHERE type = 'open'" }]);
    await database.write([{ sql: 'DELETE FROM bodies WHERE promise_id = ?1', args: [child] }]);
    expect(await raw()).toContain('holdfast:sealed');
    expect(await raw()).not.toContain('answer');
  });

  it('leaves nothing readable in the files', async () => {
    const path = join(tempDir(), 'queue.db');
    const database = await openDatabase({ name: 'queue', url: `file:${path}`, profile: 'queue' });
    onTestFinished(() => database.close());
    await migrate(database, promiseMigrations);
    const store = new PromiseStore(database, { vault: vaultOf(A) });
    await store.enqueue([{ id: uuidv7(), type: 'secret', payload: { text: SECRET } }]);
    await store.enqueue([{ id: uuidv7(), type: 'open', payload: 'readable' }]);
    const files = ['', '-wal'].map((suffix) => readFileSync(`${path}${suffix}`, 'latin1')).join('');
    expect(files).toContain('readable');
    expect(files).not.toContain(SECRET);
  });

  it('takes what makes a promise unique from the payload as it was given', async () => {
    const { store } = await setUp([secret], { vault: vaultOf(A) });
    const payload = { text: SECRET, account: '1' };
    const make = async (over: object) => {
      const promise = { type: 'secret', unique: { fields: ['account'] }, id: uuidv7() };
      const [made] = await store.enqueue([{ ...promise, payload: { ...payload, ...over } }]);
      return made;
    };
    const first = await make({});
    expect(await make({ text: 'other' })).toMatchObject({
      deduplicated: true,
      promise: { id: first?.promise.id, payload },
    });
    expect(await make({ account: '2' })).toMatchObject({ deduplicated: false });
  });

  it('opens with every key that it has, and encrypts with the first', async () => {
    const { database, make, until, executor } = await setUp([secret], { vault: vaultOf(A) });
    const id = await make({ type: 'secret', payload: { text: SECRET } });
    const rotated = new PromiseStore(database, { vault: vaultOf(`${B},${A}`) });
    expect(await rotated.get(id)).toMatchObject({ payload: { text: SECRET } });
    const later = uuidv7();
    await rotated.enqueue([{ id: later, type: 'secret', payload: { text: SECRET } }]);
    const onlyNew = new PromiseStore(database, { vault: vaultOf(B) });
    expect(await onlyNew.get(later)).toMatchObject({ payload: { text: SECRET } });
    expect((await onlyNew.get(id))?.payload).toEqual({
      'holdfast:sealed': expect.stringMatching(/^a:/),
    });
    executor.start();
    await until(id, 'completed');
  });

  it('fails a run whose key is gone, to be tried again', async () => {
    const { database, executor, until, store } = await setUp([secret], { vault: vaultOf(B) });
    const before = new PromiseStore(database, { vault: vaultOf(A) });
    const id = uuidv7();
    await before.enqueue([{ id, type: 'secret', payload: { text: SECRET }, maxAttempts: 1 }]);
    executor.start();
    const failed = await until(id, 'failed');
    expect(failed?.error).toMatchObject({
      code: 'payload-sealed',
      message: expect.stringContaining('"a"'),
    });
    expect(await store.failures(id)).toHaveLength(1);
  });

  it('does not open what was moved to another type or part, or was changed', async () => {
    const vault = vaultOf(A);
    const sealed = await vault.seal('secret', 'payload', SECRET);
    expect(await vault.open('secret', 'payload', sealed)).toBe(SECRET);
    expect(await vault.open('other', 'payload', sealed)).toBe(sealed);
    expect(await vault.open('secret', 'result', sealed)).toBe(sealed);
    const [text] = Object.values(sealed as Record<string, string>);
    const changed = { 'holdfast:sealed': `${text?.slice(0, -8)}AAAAAAA=` };
    expect(await vault.open('secret', 'payload', changed)).toBe(changed);
    for (const body of [null, 'text', [], { 'holdfast:sealed': 'nothing' }, { a: 1 }]) {
      expect(vault.isSealed(body)).toBe(false);
    }
  });

  it.each([
    ['no base64', 'a:???'],
    ['a short key', `a:${randomBytes(16).toString('base64')}`],
    ['no id', randomBytes(32).toString('base64')],
    ['one id twice', `${A},${A}`],
    ['nothing between commas', `${A},`],
  ])('refuses %s as keys', (_what, keys) => {
    expect(encryptionKeys.safeParse(keys).success).toBe(false);
  });
});

describe('a service with protected tasks', () => {
  const card = defineTask({
    type: 'card',
    input: z.strictObject({
      card: z.strictObject({ number: z.string().min(12), name: z.string() }),
      items: z.array(z.strictObject({ code: z.string(), n: z.number() })).default([]),
    }),
    protect: { encrypt: true, redact: ['card.number', 'items.*.code', 'nothing.there'] },
    run: ({ card: { number } }) => ({ card: { number, kept: true } }),
  });
  const NUMBER = '4111111111111111';
  const payload = {
    card: { number: NUMBER, name: 'Ada' },
    items: [{ code: 'hidden', n: 1 }],
  };

  it('does not start without a key, and says which setting', async () => {
    await expect(openService({ tasks: [card] })).rejects.toMatchObject({
      code: 'setting-invalid',
      message: expect.stringMatching(/^HOLDFAST_ENCRYPTION_KEYS: must be set.*"card"/),
    });
  });

  it('shows neither payload nor result where they are redacted, in any answer', async () => {
    const { ask, keep } = await openService({
      tasks: [card],
      env: { HOLDFAST_ENCRYPTION_KEYS: A },
    });
    const made = await ask('POST', '/v1/promises', { body: { type: 'card', payload } });
    expect(made.body.payload).toEqual({
      card: { number: '[redacted]', name: 'Ada' },
      items: [{ code: '[redacted]', n: 1 }],
    });
    await keep();
    const answers = [
      made,
      await ask('GET', `/v1/promises/${made.body.id}`),
      await ask('GET', '/v1/promises?type=card'),
    ];
    expect(answers[1]?.body).toMatchObject({
      status: 'completed',
      result: { card: { number: '[redacted]', kept: true } },
    });
    for (const { body } of answers) {
      expect(JSON.stringify(body)).not.toContain(NUMBER);
      expect(JSON.stringify(body)).not.toContain('hidden');
    }
  });

  it('names the field of a payload that it refuses, and not its value', async () => {
    const { ask } = await openService({ tasks: [card], env: { HOLDFAST_ENCRYPTION_KEYS: A } });
    const refused = await ask('POST', '/v1/promises', {
      body: { type: 'card', payload: { card: { number: '4111', name: 'Ada' } } },
    });
    expect(refused.status).toBe(422);
    expect(refused.body.issues[0]).toMatchObject({
      path: 'payload.card.number',
      received: '[redacted]',
    });
    expect(JSON.stringify(refused.body)).not.toContain('4111');
  });

  it('opens payloads for pull workers, and seals the results they send', async () => {
    const { ask, services } = await openService({
      tasks: [card],
      env: { HOLDFAST_ENCRYPTION_KEYS: A },
    });
    const { body: made } = await ask('POST', '/v1/promises', {
      body: { type: 'card', payload, queue: 'pulled' },
    });
    const { body: claimed } = await ask('POST', '/v1/queues/pulled/claim', {
      body: { worker: 'w' },
    });
    expect(claimed.claims[0].payload).toEqual(payload);
    const done = await ask('POST', `/v1/promises/${made.id}/complete`, {
      body: { fence: claimed.claims[0].fence, result: { card: { number: NUMBER } } },
    });
    expect(done.body).toMatchObject({ result: { card: { number: '[redacted]' } } });
    const [rows] = await services.queue.read([{ sql: 'SELECT payload, result FROM promises' }]);
    expect(JSON.stringify(rows?.rows)).not.toContain(NUMBER);
  });
});
