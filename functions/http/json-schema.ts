import { z } from 'zod';
import { duration, json } from '../../src/core/index.js';

/** A JSON Schema (2020-12, as OpenAPI 3.1 has it), as far as we look into one. */
export interface JsonSchema {
  [keyword: string]: unknown;
  type?: string | string[];
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
}

const DURATION = {
  description: 'milliseconds, or a duration such as "30s", "5m", "2h", "7d"',
  anyOf: [
    { type: 'integer', minimum: 0 },
    { type: 'string', pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$' },
  ],
} as const;

/** What a zod schema takes (`input`) or gives (`output`), as JSON Schema. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const made = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    // Any JSON is a check of our own: no schema says more than that.
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (isSame(zodSchema, json)) replace(jsonSchema, { description: 'any JSON' });
      if (isSame(zodSchema, duration)) replace(jsonSchema, DURATION);
      // zod spells the calendar out; the format says it.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  }) as JsonSchema;
  const { $schema: _dialect, $defs: _definitions, ...rest } = made;
  return rest;
}

function isSame(found: unknown, wanted: z.ZodType): boolean {
  return found === wanted;
}

function replace(schema: Record<string, unknown>, by: Readonly<Record<string, unknown>>): void {
  for (const keyword of Object.keys(schema)) {
    if (keyword !== 'description') delete schema[keyword];
  }
  for (const [keyword, value] of Object.entries(by)) schema[keyword] ??= value;
}
