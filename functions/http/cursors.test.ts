import { expect, it } from 'vitest';
import { Cursors } from './cursors.js';

const of = (tenant: string) => ({ reach: { tenant, queues: null } });

it('gives back the place that it was given, and tells nobody which', async () => {
  const cursors = new Cursors('k'.repeat(32));
  for (const place of ['1', '999999999999999~999999999999999']) {
    const cursor = (await cursors.seal('promises', of('a'), place)) ?? '';
    expect(await cursors.open('promises', of('a'), cursor)).toBe(place);
    expect(cursor).toMatch(/^[\w-]{91}$/);
  }
  expect(await cursors.seal('promises', of('a'), null)).toBeNull();
  expect(await cursors.open('promises', of('a'), undefined)).toBeUndefined();
});

it('refuses cursors of another list, tenant or key, and what is none', async () => {
  const cursors = new Cursors('k'.repeat(32));
  const cursor = (await cursors.seal('promises', of('a'), '7')) ?? '';
  const rule = 'must be a nextCursor of this list';
  const refused = expect.objectContaining({
    code: 'input-invalid',
    issues: [{ path: 'cursor', rule, received: expect.stringMatching(/^".{0,100}"$/) }],
  });
  await expect(cursors.open('subscriptions', of('a'), cursor)).rejects.toEqual(refused);
  await expect(cursors.open('promises', of('b'), cursor)).rejects.toEqual(refused);
  await expect(new Cursors('other').open('promises', of('a'), cursor)).rejects.toEqual(refused);
  for (const none of ['', '7', 'é', '!', 'a'.repeat(300), `${cursor}A`, '\ud800']) {
    await expect(cursors.open('promises', of('a'), none)).rejects.toEqual(refused);
  }
});
