import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exported, fill } from '../transfer/round-trip.suite.js';
import { openService, type TestService } from './fixture.js';

const VALUES = [
  '\ud800',
  'a\u0000b',
  '',
  'x',
  '{"',
  '[]',
  '"\\ud800"',
  '{"code":1}',
  -1,
  0,
  2,
  1e15,
];
const value = fc.oneof(
  fc.constantFrom<unknown>(...VALUES, null, true, {}, [], [['x']]),
  fc.jsonValue({ maxDepth: 3 }),
  fc.json({ maxDepth: 2 }),
);

/** The lines, and a last one that fits them. */
function summed(lines: readonly string[]): string {
  const kinds = new Map<string, number>();
  const digest = createHash('sha256');
  for (const line of lines) {
    digest.update(`${line}\n`);
    const { kind } = JSON.parse(line);
    if (kind !== 'holdfast-export') kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const end = { kind: 'end', lines: Object.fromEntries(kinds), digest: digest.digest('hex') };
  return [...lines, JSON.stringify(end)].join('\n');
}

/** Whatever was brought in can be looked at, claimed, fired, recovered and cleaned up. */
async function useAll({ ask, services, keep }: TestService): Promise<void> {
  const looks = ['/v1/promises', '/v1/queues', '/v1/schedules', '/v1/schedules/s/occurrences'];
  for (const path of [...looks, '/v1/subscriptions', '/v1/export']) {
    expect([path, (await ask('GET', path)).status]).toEqual([path, expect.toBeOneOf([200, 404])]);
  }
  const { body } = await ask('GET', '/v1/promises');
  for (const { id } of body.data)
    expect((await ask('GET', `/v1/promises/${id}/explain`)).status).toBe(200);
  await services.schedules.fireDue();
  await keep();
  for (const task of ['recovery', 'cleanup']) {
    expect((await ask('POST', `/v1/maintenance/${task}`)).body).toMatchObject({
      outcome: 'completed',
    });
  }
}

test('an import answers whatever is in it with a rule, or brings in what can be worked with', async () => {
  const source = await openService();
  await fill(source.services.queue);
  const lines = (await exported(source.services.queue)).slice(0, -1);
  const change = fc.tuple(fc.nat(), fc.nat(), value);
  await fc.assert(
    fc.asyncProperty(change, async ([lineAt, fieldAt, given]) => {
      const at = 1 + (lineAt % (lines.length - 1));
      const line = JSON.parse(lines[at] ?? '');
      const fields = Object.keys(line).filter((field) => field !== 'kind');
      const field = fields[fieldAt % fields.length] ?? '';
      const changed = JSON.stringify({ ...line, [field]: given });
      const text = summed(lines.map((one, index) => (index === at ? changed : one)));
      const target = await openService();
      const headers = { 'Content-Type': 'application/x-ndjson' };
      const answer = await target.ask('POST', '/v1/import', { text, headers });
      expect([field, given, answer.status]).toEqual([field, given, expect.toBeOneOf([200, 422])]);
      if (answer.status === 200) return useAll(target);
      for (const { path } of answer.body.issues)
        expect(path).toMatch(new RegExp(`^line ${at + 1}\\.\\w`));
    }),
    { numRuns: 60, interruptAfterTimeLimit: 30_000 },
  );
});
