import { expect, it, vi } from 'vitest';
import { EventPlaces, TenantPlaces } from './event-places.js';

const secret = 'k'.repeat(32);
const PLACES = ['0', '7', '7-0', '7-999', '4294967296-3', '200000000000000-1'];

it('gives back the place that it was given, as an id and as a cursor', async () => {
  const places = await new EventPlaces(secret).of('a');
  const [other] = [await new EventPlaces(secret).of('a')];
  for (const place of PLACES) {
    const id = await places.id(place);
    const cursor = await places.cursor(place);
    expect(await other.open('after', id)).toBe(place);
    expect(await other.open('after', cursor)).toBe(place);
    expect(await other.id(place)).toBe(id);
  }
});

it('cursors of one place are not alike, and ids of two tenants are not', async () => {
  const service = new EventPlaces(secret);
  const [a, b] = [await service.of('a'), await service.of('b')];
  expect(await a.cursor('7')).not.toBe(await a.cursor('7'));
  expect(await a.id('7')).not.toBe(await b.id('7'));
});

it('refuses places of another tenant or key, and what is none', async () => {
  const service = new EventPlaces(secret);
  const [a, b] = [await service.of('a'), await service.of('b')];
  const id = await a.id('7-1');
  const refused = expect.objectContaining({ code: 'input-invalid' });
  await expect(b.open('after', id)).rejects.toEqual(refused);
  const other = await new EventPlaces('other').of('a');
  await expect(other.open('after', id)).rejects.toEqual(refused);
  const changed = `${id.startsWith('A') ? 'B' : 'A'}${id.slice(1)}`;
  for (const none of ['', '7', '7-1', 'x'.repeat(22), changed, `${id}9999`, `${id} `]) {
    await expect(a.open('after', none)).rejects.toEqual(refused);
  }
});

it('says what was refused: the field, the rule and what came, cut short', async () => {
  const places = await new EventPlaces(secret).of('a');
  const refused = await places.open('after', 'x'.repeat(300)).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    issues: [
      {
        path: 'after',
        rule: 'must be the id of an event or a nextCursor, given to this tenant',
        received: JSON.stringify('x'.repeat(100)),
      },
    ],
  });
});

it('seals what stands in one row of the log once', async () => {
  const encrypt = vi.fn((clear: Uint8Array<ArrayBuffer>) => Promise.resolve(clear.slice().buffer));
  const places = new TenantPlaces({ encrypt, decrypt: () => Promise.reject(new Error('none')) });
  for (const place of ['7-0', '7-1', '8-0', '8-1']) await places.id(place);
  expect(encrypt).toHaveBeenCalledTimes(2);
});
