import {
  createExecutionContext,
  createScheduledController,
  env,
  waitOnExecutionContext,
} from 'cloudflare:test';
import worker from '../../functions/worker.js';

type WorkerEnv = Parameters<typeof worker.fetch>[1];

export const settings = env as unknown as WorkerEnv & { readonly HOLDFAST_API_KEY: string };

interface Ask {
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly given?: WorkerEnv;
  /** Whether what the invocation does behind its answer is waited for. Default true. */
  readonly untilDone?: boolean;
}

interface Told {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed if it is JSON, else text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

/** One invocation: its response, and the end of what it does behind that. */
export async function invoke(request: Request, given: WorkerEnv = settings) {
  const invocation = createExecutionContext();
  const response = await worker.fetch(request, given, invocation);
  return { response, done: () => waitOnExecutionContext(invocation) };
}

/** One invocation, with the service's key unless another is given. */
export async function ask(method: string, path: string, asked: Ask = {}): Promise<Told> {
  const { key = settings.HOLDFAST_API_KEY, body, headers, given, untilDone = true } = asked;
  const request = new Request(`https://holdfast.test${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${key}`,
      'Content-Type': 'application/json',
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { response, done } = await invoke(request, given);
  const text = await response.text();
  if (untilDone) await done();
  const isJson = response.headers.get('Content-Type')?.includes('json') === true;
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  };
}

/** One minute's cron. */
export async function tick(): Promise<void> {
  const invocation = createExecutionContext();
  await worker.scheduled(createScheduledController(), settings, invocation);
  await waitOnExecutionContext(invocation);
}
