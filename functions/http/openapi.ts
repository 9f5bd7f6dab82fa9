import type { z } from 'zod';
import type { ErrorCode } from '../../src/core/index.js';
import { VERSION } from '../version.js';
import { NDJSON } from './body.js';
import { OPERATIONS } from './contract.js';
import { statusOf } from './errors.js';
import { jsonSchemaOf } from './json-schema.js';
import type { Operation } from './operation.js';
import { problem } from './problem.js';

/** What every operation with a key may refuse with. */
const COMMON: readonly ErrorCode[] = [
  'unauthorized',
  'forbidden',
  'rate-limited',
  'database-busy',
  'internal',
];
const OF_PARAMETERS: readonly ErrorCode[] = ['input-invalid'];
const OF_BODIES: readonly ErrorCode[] = [
  'input-invalid',
  'json-malformed',
  'body-too-large',
  'media-type-unsupported',
];

const OF_IDEMPOTENCY: readonly ErrorCode[] = [
  'input-invalid',
  'idempotency-in-flight',
  'idempotency-mismatch',
];

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Sent again with the same key, the same request is carried out once, and answered the same with ' +
    '`Idempotency-Replayed: true`. Kept for HOLDFAST_IDEMPOTENCY_LIFETIME, 24 hours by default.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
} as const;

const INTRODUCTION = `Holdfast keeps promises on libSQL. Everything is JSON, sent with
\`Authorization: Bearer <key>\`. Durations are milliseconds or "30s", "5m", "2h", "7d"; instants are
ISO 8601. Unknown fields are refused. Errors are RFC 9457 \`application/problem+json\` with a stable
\`code\`.`;

/** The OpenAPI 3.1 document, made from the operations and their zod schemas. */
export function openApiDocument() {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast',
      version: VERSION,
      description: INTRODUCTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: jsonSchemaOf(problem, 'output') },
    },
  };
}

/** Every code an operation may refuse with. */
export function refusalsOf(operation: Operation): ErrorCode[] {
  const { access, params, query, body, idempotency, refusals = [] } = operation;
  const codes = [
    ...(access === 'open' ? (['internal'] as const) : COMMON),
    ...(operation.enter === undefined ? [] : (['unauthorized'] as const)),
    ...(params !== undefined || query !== undefined ? OF_PARAMETERS : []),
    ...(body !== undefined ? OF_BODIES : []),
    ...(idempotency !== undefined ? OF_IDEMPOTENCY : []),
    ...refusals,
  ];
  return [...new Set(codes)];
}

function describe(operation: Operation) {
  const { id, summary, description, access, body } = operation;
  return {
    operationId: id,
    tags: [operation.path.split('/')[2] ?? 'service'],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(access === 'open' ? { security: [] } : { 'x-scope': access }),
    parameters: [
      ...parametersOf(operation.params, 'path'),
      ...parametersOf(operation.query, 'query'),
      ...(operation.idempotency === undefined ? [] : [IDEMPOTENCY_KEY]),
    ],
    ...(body === undefined ? {} : { requestBody: requestBodyOf(operation, body) }),
    responses: { ...answersOf(operation), ...problemsOf(operation) },
  };
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query') {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchemaOf(schema, 'input');
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function requestBodyOf(operation: Operation, body: z.ZodType) {
  const { example, bodyOptional = false } = operation;
  if (operation.bodyFormat === 'lines') {
    return { required: true, content: { [NDJSON]: { schema: { type: 'string' } } } };
  }
  const schema = jsonSchemaOf(body, 'input');
  const content = { schema, ...(example === undefined ? {} : { example }) };
  return { required: !bodyOptional, content: { 'application/json': content } };
}

function answersOf({ answers }: Operation) {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, stream, mediaType }]) => {
      if (schema === undefined) return [status, { description }];
      const content = {
        [mediaType?.split(';')[0] ?? 'application/json']: {
          schema: jsonSchemaOf(schema, 'output'),
        },
        ...(stream ? { 'text/event-stream': { schema: { type: 'string' } } } : {}),
      };
      return [status, { description, content }];
    }),
  );
}

function problemsOf(operation: Operation) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of refusalsOf(operation)) {
    const status = statusOf(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.join(', '),
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    ]),
  );
}
