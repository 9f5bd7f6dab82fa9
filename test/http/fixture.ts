import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { createApp } from '../../functions/app.js';
import { migrateDatabases } from '../../functions/databases.js';
import { readSettings } from '../../functions/env.js';
import { OPERATIONS } from '../../functions/http/contract.js';
import { statusOf } from '../../functions/http/errors.js';
import { refusalsOf } from '../../functions/http/openapi.js';
import { problem } from '../../functions/http/problem.js';
import { createServices, type Services } from '../../functions/services.js';
import { silentLog } from '../../src/core/index.js';
import type { AnyTask, MessageHandler } from '../../src/tasks/index.js';
import { tempDir } from '../support/temp-dir.js';

export interface Ask {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string | Uint8Array<ArrayBuffer>;
  /** Null sends no key. Default the service's. */
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  /** The body, parsed when it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

export interface TestService {
  readonly services: Services;
  readonly key: string;
  /** Sends a request through the app. */
  ask(method: string, path: string, ask?: Ask): Promise<Told>;
  /** Runs what is due, and what that makes due at once. */
  keep(): Promise<void>;
}

export interface TestServiceOptions {
  readonly tasks?: readonly AnyTask[];
  readonly env?: Readonly<Record<string, string>>;
  readonly edge?: 'node' | 'worker';
  readonly onMessage?: MessageHandler;
}

/** The whole service on files of the test's own, without a socket and without an executor. */
export async function openService(options: TestServiceOptions = {}): Promise<TestService> {
  const directory = tempDir();
  const key = randomBytes(32).toString('hex');
  const settings = readSettings(
    {
      HOLDFAST_API_KEY: key,
      QUEUE_DATABASE_URL: `file:${join(directory, 'queue.db')}`,
      SYSTEM_DATABASE_URL: `file:${join(directory, 'system.db')}`,
      ...options.env,
    },
    'node',
  );
  const services = await createServices({
    settings,
    apiKey: settings.HOLDFAST_API_KEY ?? key,
    tasks: options.tasks ?? [],
    onMessage: options.onMessage,
    edge: options.edge ?? 'node',
    log: silentLog,
    stopping: new AbortController().signal,
  });
  onTestFinished(() => services.close());
  await migrateDatabases(services);
  const app = createApp();
  return {
    services,
    key,
    async ask(method, path, { body, text, key: asked = key, headers = {} } = {}) {
      const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
      const request = new Request(`http://holdfast.test${path}`, {
        method,
        headers: {
          ...(asked === null ? {} : { Authorization: `Bearer ${asked}` }),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(sent === undefined ? {} : { body: sent }),
        redirect: 'manual',
      });
      const answer = await told(await app.fetch(request, services));
      if (method !== 'HEAD') requireDocumented(method, path, answer);
      return answer;
    },
    async keep() {
      const budget = { claimMs: 100, drainMs: 5_000 };
      // A busy machine needs more than one budget.
      while ((await services.createExecutor().runUntilIdle(budget)).claimed > 0);
    },
  };
}

export async function told(response: Response): Promise<Told> {
  const text = await response.text();
  const isJson = /^application\/(?:problem\+)?json/.test(
    response.headers.get('Content-Type') ?? '',
  );
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && text !== '' ? JSON.parse(text) : text,
  };
}

/** Every answer of an operation is what its document says. */
function requireDocumented(method: string, path: string, { status, body }: Told): void {
  const [place = ''] = path.split('?');
  const operation = OPERATIONS.filter((one) => one.method.toUpperCase() === method)
    .filter((one) => patternOf(one.path).test(place))
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
  if (operation === undefined || status === 405) return;
  const schema = operation.answers[status]?.schema ?? problem;
  if (schema === problem) {
    const documented = refusalsOf(operation).map(statusOf);
    expect([operation.id, status, documented]).toEqual([
      operation.id,
      status,
      expect.arrayContaining([status]),
    ]);
  }
  const parsed = schema.safeParse(body);
  expect([operation.id, parsed.error?.issues]).toEqual([operation.id, undefined]);
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}
