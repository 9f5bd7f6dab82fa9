import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NDJSON } from '../../functions/http/body.js';
import { OPERATIONS } from '../../functions/http/contract.js';
import { jsonSchemaOf } from '../../functions/http/json-schema.js';
import type { Operation } from '../../functions/http/operation.js';
import { type Ask, openService, type TestService } from './fixture.js';

const ROUNDS = 60;

/** Values that are right somewhere, beside any JSON. */
const PLAUSIBLE = [
  'echo',
  'webhook',
  'default',
  'x',
  '1s',
  '2030-01-01T00:00:00Z',
  0,
  1,
  5,
  true,
  null,
];
const UNHOLY = ['\ud800', 'a\u0000b', '', '🤖'.repeat(300), '__proto__', -1, 1e308, 2 ** 53];

const value = fc.oneof(
  fc.constantFrom(...PLAUSIBLE),
  fc.constantFrom(...UNHOLY),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Fields that the schema names, and some that it does not, with values of any kind. */
function fieldsOf(schema: Operation['body']): fc.Arbitrary<Record<string, unknown>> {
  const { properties = {}, required = [] } =
    schema === undefined ? {} : jsonSchemaOf(schema, 'input');
  // A wait that is right would be waited for.
  const names = Object.keys(properties).filter((name) => name !== 'wait');
  return fc
    .tuple(
      fc.record(Object.fromEntries(required.map((name) => [name, value]))),
      fc.dictionary(fc.constantFrom('type', ...names, 'colour', '__proto__'), value, {
        maxKeys: 4,
      }),
    )
    .map(([needed, more]) => ({ ...needed, ...more }));
}

function sendingOf({ body, bodyFormat }: Operation, sent: unknown): Ask {
  if (bodyFormat !== 'lines') return body === undefined ? {} : { body: sent };
  const lines = Array.isArray(sent) ? sent : [sent];
  const headers = { 'Content-Type': NDJSON };
  return { text: lines.map((line) => JSON.stringify(line)).join('\n'), headers };
}

async function send(service: TestService, operation: Operation, ids: readonly string[]) {
  const body = fc.oneof(
    { weight: 6, arbitrary: fieldsOf(operation.body) },
    { weight: 2, arbitrary: fc.constant(operation.example ?? {}) },
    { weight: 1, arbitrary: fc.jsonValue() },
  );
  const parameter = fc.oneof(
    fc.constantFrom(...ids, 'x', 'checkpoint', 'default'),
    // A segment of dots alone is another path: whoever makes a URL of it resolves it.
    fc.string({ minLength: 1 }).filter((text) => !/^\.{1,2}$/.test(text)),
  );
  const request = fc.tuple(body, parameter, fieldsOf(operation.query));
  await fc.assert(
    fc.asyncProperty(request, async ([sent, named, asked]) => {
      const query = Object.entries(asked).map(([name, one]) => {
        const text = (typeof one === 'string' ? one : JSON.stringify(one)).toWellFormed();
        return `${encodeURIComponent(name)}=${encodeURIComponent(text)}`;
      });
      const place = operation.path.replaceAll(/\{\w+\}/g, encodeURIComponent(named.toWellFormed()));
      const path = operation.query === undefined ? place : `${place}?${query.join('&')}`;
      const { status } = await service.ask(
        operation.method.toUpperCase(),
        path,
        sendingOf(operation, sent),
      );
      expect(status).toBeLessThan(500);
    }),
    { numRuns: ROUNDS },
  );
}

test.each(OPERATIONS.map((operation) => [operation.id, operation] as const))(
  '%s answers whatever is sent with what its document says, and never with a fault',
  async (_id, operation) => {
    const service = await openService();
    const ids: string[] = [];
    for (let index = 0; index < 3; index++) {
      ids.push((await service.ask('POST', '/v1/promises', { body: { type: 'echo' } })).body.id);
    }
    await send(service, operation, ids);
  },
);
