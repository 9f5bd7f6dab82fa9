import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';
import { NDJSON } from '../functions/http/body.js';
import { OPERATIONS as ALL } from '../functions/http/contract.js';
import { type JsonSchema, jsonSchemaOf } from '../functions/http/json-schema.js';
import type { Operation } from '../functions/http/operation.js';
import { problem } from '../functions/http/problem.js';
import { promiseMade, promiseView, promiseWithFailures } from '../functions/http/promise-view.js';
import { ERROR_CODES } from '../src/core/index.js';
import { newPromise } from '../src/promises/index.js';

/** What has a secret of its own is called by others than clients. */
const OPERATIONS = ALL.filter(({ enter }) => enter === undefined);

/** Shapes that stand in many answers. */
const NAMED: readonly (readonly [name: string, schema: z.ZodType, what: string])[] = [
  ['ProblemView', problem, 'An error as the API answers it (RFC 9457).'],
  ['PromiseView', promiseView, 'A promise as the API shows it.'],
  ['PromiseMade', promiseMade, 'A promise that was made, or was known already.'],
  ['PromiseDetail', promiseWithFailures, 'A promise with its failed attempts.'],
];

const textOf = (schema: z.ZodType) => JSON.stringify(jsonSchemaOf(schema, 'output'));
const names = new Map(NAMED.map(([name, schema]) => [textOf(schema), name]));
const made = jsonSchemaOf(newPromise, 'input');
names.set(JSON.stringify(made), 'NewPromise');

/** A body of lines, as `fetch` takes it. */
const LINES = '{ readonly lines: string | Uint8Array<ArrayBuffer> | Blob }';

/** A batch parses its items one by one, so that its schema does not say what they are. */
const BATCH_ITEMS = [
  'readonly promises: readonly (Json)[]',
  'readonly promises: readonly (NewPromise & { readonly ref?: string })[]',
] as const;

/**
 * The contract as types, and what the client must know of each operation while it
 * runs. The first line has a hash of the rest, by which a test sees that it is old.
 */
export function clientContract(): string {
  const named = NAMED.map(
    ([name, schema, what]) =>
      `/** ${what} */\nexport interface ${name} ${typeOf(jsonSchemaOf(schema, 'output'), true)}`,
  );
  const operations = OPERATIONS.map(
    (one) =>
      `/** ${one.summary} */\n${one.id}: { input: ${inputOf(one).replace(...BATCH_ITEMS)}; output: ${outputOf(one)} };`,
  );
  const routes = OPERATIONS.map((one) => `${one.id}: ${JSON.stringify(routeOf(one))},`);
  const rest = [
    "import type { ErrorCode, Json } from '../core/index.js';",
    ...named,
    `/** A promise to be made. */\nexport interface NewPromise ${typeOf(made, true)}`,
    '/** What each operation takes, path, query and body in one, and what it answers. */',
    `export interface Contract {\n${operations.join('\n')}\n}`,
    '/** How each operation is asked for. */',
    `export const ROUTES = {\n${routes.join('\n')}\n} as const;`,
  ].join('\n\n');
  const hash = createHash('sha256').update(rest).digest('hex').slice(0, 16);
  return `// Made by \`npm run client-contract\` from the operations of the API; contract ${hash}.\n${rest}\n`;
}

function routeOf(operation: Operation) {
  const { method, path, query, body, bodyFormat, idempotency } = operation;
  const names = query === undefined ? [] : Object.keys(propertiesOf(query));
  return {
    method: method.toUpperCase(),
    path,
    query: names,
    body: bodyFormat === 'lines' ? 'lines' : body !== undefined,
    key: idempotency !== undefined,
    ...(isStream(operation) && { stream: true }),
  };
}

/** True for answers that may be longer than what one holds in memory. */
function isStream({ answers }: Operation): boolean {
  return answers[200]?.mediaType === NDJSON;
}

function propertiesOf(schema: z.ZodType): Record<string, JsonSchema> {
  return jsonSchemaOf(schema, 'input').properties ?? {};
}

function inputOf({ params, query, body, bodyOptional, bodyFormat }: Operation): string {
  const parts = [
    ...(params === undefined ? [] : [typeOf(jsonSchemaOf(params, 'input'))]),
    ...(query === undefined ? [] : [queryType(jsonSchemaOf(query, 'input'))]),
    ...(body === undefined ? [] : [bodyFormat === 'lines' ? LINES : bodyType(body, bodyOptional)]),
  ].filter((type) => type !== '{}');
  return parts.length === 0 ? 'Record<never, never>' : parts.join(' & ');
}

function bodyType(body: z.ZodType, isOptional = false): string {
  const type = typeOf(jsonSchemaOf(body, 'input'));
  return isOptional && type !== '{}' ? `Partial<${type}>` : type;
}

function outputOf(operation: Operation): string {
  const { answers } = operation;
  if (isStream(operation)) return 'ReadableStream<Uint8Array>';
  const types = Object.entries(answers)
    .filter(([status]) => Number(status) < 300)
    .map(([, { schema }]) =>
      schema === undefined ? 'null' : typeOf(jsonSchemaOf(schema, 'output')),
    );
  return [...new Set(types)].join(' | ');
}

/** What travels in a query is text; numbers and lists are written as such by the client. */
function queryType(schema: JsonSchema): string {
  const fields = Object.entries(schema.properties ?? {}).map(
    ([name, one]) => `${name}?: ${one.enum ? typeOf(one) : 'string | number | readonly string[]'};`,
  );
  return fields.length === 0 ? '{}' : `{ ${fields.join(' ')} }`;
}

function typeOf(schema: JsonSchema, isDefinition = false): string {
  const name = names.get(JSON.stringify(schema));
  if (name !== undefined && !isDefinition) return name;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map((one) => typeOf(one)))].join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (String(schema.enum) === String(ERROR_CODES)) return 'ErrorCode';
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => scalar(type)).join(' | ');
  if (schema.type === 'array') return `readonly (${typeOf(schema.items ?? {})})[]`;
  if (schema.type === 'object') return objectType(schema);
  return scalar(schema.type);
}

function objectType({ properties = {}, required = [], additionalProperties }: JsonSchema): string {
  const fields = Object.entries(properties).map(([name, one]) => {
    const comment = one.description === undefined ? '' : `/** ${one.description} */\n`;
    const key = /^\w+$/.test(name) ? name : JSON.stringify(name);
    return `${comment}readonly ${key}${required.includes(name) ? '' : '?'}: ${typeOf(one)};`;
  });
  if (fields.length > 0) return `{\n${fields.join('\n')}\n}`;
  const isMap = typeof additionalProperties === 'object' && additionalProperties !== null;
  return isMap ? `Readonly<Record<string, ${typeOf(additionalProperties as JsonSchema)}>>` : '{}';
}

function scalar(type: string | undefined): string {
  if (type === 'integer') return 'number';
  return type ?? 'Json';
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(new URL('../src/client/contract.ts', import.meta.url), clientContract());
}
