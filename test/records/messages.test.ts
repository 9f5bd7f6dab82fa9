import { uuidv7 } from 'uuidv7';
import { beforeEach, describe, expect, it } from 'vitest';
import { Messages, type NewMessage } from '../../src/records/index.js';
import { makePlace, openPair, PLACES } from '../maintenance/place.js';

const T0 = 1_800_000_000_000;

const message = (over: Partial<NewMessage> = {}): NewMessage => ({
  id: uuidv7(),
  chat: 'telegram:42',
  messageId: '7',
  text: 'hello 🌍\n"quoted"',
  kind: 'missed',
  ...over,
});

describe.each(PLACES)('messages on %s', (kind) => {
  let now: number;
  let messages: Messages;

  beforeEach(async () => {
    now = T0;
    const { system } = await openPair(await makePlace(kind));
    messages = new Messages(system, { clock: () => now });
  });

  it('refuses text that libSQL cannot keep, a kind that is none, and unknown fields', async () => {
    await expect(messages.add(message({ text: 'a\u0000b' }))).rejects.toThrow(/^text: /);
    await expect(messages.add(message({ sender: '\ud800' }))).rejects.toThrow(/^sender: /);
    await expect(messages.add(message({ kind: 'other' as 'missed' }))).rejects.toThrow(/^kind: /);
    const more = { ...message(), colour: 'red' };
    await expect(messages.add(more)).rejects.toMatchObject({ code: 'input-invalid' });
  });

  it('refuses the id of another message', async () => {
    const first = message();
    await messages.add(first);
    const second = messages.add({ ...first, messageId: '8' });
    await expect(second).rejects.toMatchObject({ code: 'constraint-violated' });
  });

  it('keeps a message once, whoever brings it again', async () => {
    const first = message({ sender: 'ada' });
    const kept = await messages.add(first);
    const { id, chat, messageId, text, sender } = first;
    expect(kept).toEqual({
      message: {
        ...{ id, chat, messageId, text, sender, kind: 'missed' },
        receivedAt: T0,
        status: 'received',
        error: null,
      },
      deduplicated: false,
    });
    expect(await messages.add(first)).toEqual(kept);
    const again = await messages.add(message({ text: 'edited' }));
    expect(again).toEqual({ message: kept.message, deduplicated: true });
    expect(await messages.add(message({ chat: 'telegram:43' }))).toMatchObject({
      deduplicated: false,
    });
  });

  it('lists newest first, page after page, of one chat or of all', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 6; index += 1) {
      const chat = index % 2 === 0 ? 'a' : 'b';
      ids.unshift((await messages.add(message({ chat, messageId: `${index}` }))).message.id);
    }
    const first = await messages.list({ limit: 4 });
    const second = await messages.list({ limit: 4, cursor: first.nextCursor ?? '' });
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(ids);
    const ofChat = await messages.list({ chat: 'a' });
    expect(ofChat.data.map(({ messageId }) => messageId)).toEqual(['4', '2', '0']);
    expect(ofChat.nextCursor).toBeNull();
  });

  it('prunes by the time it was received, a slice at a time', async () => {
    for (let index = 0; index < 5; index += 1) {
      await messages.add(message({ messageId: `${index}`, receivedAt: T0 + index * 1_000 }));
    }
    now = T0 + 5_000;
    const prune = () => messages.prune({ olderThanMs: 2_000, limit: 2 });
    expect([await prune(), await prune(), await prune()]).toEqual([2, 1, 0]);
    expect((await messages.list()).data.map(({ messageId }) => messageId)).toEqual(['4', '3']);
  });
});
