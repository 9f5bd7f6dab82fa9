/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
import { OPERATIONS } from '../http/contract.js';
import type { HttpContext, Page } from '../http/http-context.js';
import { type JsonSchema, jsonSchemaOf } from '../http/json-schema.js';
import { openApiDocument, refusalsOf } from '../http/openapi.js';
import type { Operation } from '../http/operation.js';
import { renderPage } from './layout.js';

let document: string | undefined;

export const docsPages: readonly Page[] = [
  {
    method: 'get',
    path: '/openapi.json',
    handle: (context) => {
      document ??= JSON.stringify(openApiDocument(), null, 2);
      return context.body(document, 200, { 'Content-Type': 'application/json' });
    },
  },
  { method: 'get', path: '/docs', handle: show },
];

/** The reference: the OpenAPI document, readable. No script, so that it works offline and anywhere. */
function show(context: HttpContext): Response | Promise<Response> {
  return renderPage(context, {
    title: 'API reference · Holdfast',
    content: (
      <main>
        <h1>Holdfast: API reference</h1>
        <p>
          JSON with <code>Authorization: Bearer &lt;key&gt;</code>. Durations are milliseconds or{' '}
          <code>"30s"</code>, <code>"5m"</code>, <code>"2h"</code>, <code>"7d"</code>; instants are
          ISO 8601. Unknown fields are refused. Errors are <code>application/problem+json</code>{' '}
          with a stable <code>code</code>. For machines: <a href="/openapi.json">openapi.json</a>.
        </p>
        <ul>
          {OPERATIONS.map(({ id, method, path, summary }) => (
            <li>
              <a href={`#${id}`}>
                <code>
                  {method.toUpperCase()} {path}
                </code>
              </a>{' '}
              {summary}
            </li>
          ))}
        </ul>
        {OPERATIONS.map((operation) => (
          <OperationEntry operation={operation} />
        ))}
      </main>
    ),
  });
}

function OperationEntry({ operation }: { operation: Operation }) {
  const { id, method, path, summary, description, access, answers } = operation;
  return (
    <section id={id}>
      <h2>
        <code>
          {method.toUpperCase()} {path}
        </code>
      </h2>
      <p>
        {summary}. {access === 'open' ? 'Needs no key.' : `Needs the scope ${access}.`}
      </p>
      {description === undefined ? null : <p>{description}</p>}
      <Fields title="Query" schema={operation.query && jsonSchemaOf(operation.query, 'input')} />
      <Fields title="Body" schema={operation.body && jsonSchemaOf(operation.body, 'input')} />
      {operation.example === undefined ? null : (
        <pre>{JSON.stringify(operation.example, null, 2)}</pre>
      )}
      <h3>Answers</h3>
      {Object.entries(answers).map(([status, { description, schema }]) => (
        <>
          <p>
            <b>{status}</b> {description}
          </p>
          <Fields schema={schema && jsonSchemaOf(schema, 'output')} />
        </>
      ))}
      <p>
        Refusals:{' '}
        {refusalsOf(operation).map((code, index) => (
          <>
            {index === 0 ? '' : ', '}
            <code>{code}</code>
          </>
        ))}
      </p>
    </section>
  );
}

function Fields({ title, schema }: { title?: string; schema: JsonSchema | undefined }) {
  const fields = Object.entries(schema?.properties ?? {});
  if (fields.length === 0) return null;
  const required = new Set(schema?.required ?? []);
  return (
    <>
      {title === undefined ? null : <h3>{title}</h3>}
      <div class="wide">
        <table>
          <tbody>
            {fields.map(([name, field]) => (
              <tr>
                <td>
                  <code>{name}</code>
                  {title === undefined || required.has(name) ? '' : '?'}
                </td>
                <td>{typeOf(field)}</td>
                <td>{field.description ?? ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** A schema in a few words. */
function typeOf(schema: JsonSchema): string {
  const { const: constant, enum: values, anyOf, oneOf, type, items, properties } = schema;
  if (constant !== undefined) return JSON.stringify(constant);
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(' | ');
  const union = anyOf ?? oneOf;
  if (union !== undefined) return union.map(typeOf).join(' | ');
  if (type === 'array') return `[${items === undefined ? 'any' : typeOf(items)}]`;
  if (type === 'object' && properties !== undefined) {
    return `{ ${Object.entries(properties)
      .map(([name, field]) => `${name}: ${typeOf(field)}`)
      .join(', ')} }`;
  }
  return type === undefined ? 'any JSON' : [type].flat().join(' | ') + boundsOf(schema);
}

function boundsOf({ minimum, maximum, maxLength }: JsonSchema): string {
  const from =
    typeof minimum === 'number' && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const to = typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (from !== undefined && to !== undefined) return ` ${from} to ${to}`;
  if (from !== undefined) return ` from ${from}`;
  return typeof maxLength === 'number' ? ` up to ${maxLength} characters` : '';
}
