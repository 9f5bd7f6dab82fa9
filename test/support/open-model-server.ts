import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a question is answered: `break` cuts the answer off in the middle. */
export type ModelBehaviour = 'ok' | 'break' | { readonly status: number; readonly after?: number };

export interface Asked {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream?: boolean;
  readonly web_search_options?: object;
}

export interface ModelServer {
  /** What `MODEL_URL` is set to. */
  readonly url: string;
  readonly asked: readonly Asked[];
  /** What happens to the next questions, one each; then `ok`. */
  readonly next: ModelBehaviour[];
  /** The words of an answer. Default one that names the question's length. */
  answer: (asked: Asked) => readonly string[];
  /** Called before each word is sent. */
  beforeWord: (index: number) => Promise<void>;
}

/** A server that speaks the chat completions of OpenAI, as streams of server-sent events. Whoever opens it closes it. */
export async function openModelServer(): Promise<ModelServer & { readonly close: () => void }> {
  const asked: Asked[] = [];
  const next: ModelBehaviour[] = [];
  const model: ModelServer = {
    url: '',
    asked,
    next,
    answer: ({ messages }) => [
      'It is ',
      'about ',
      `${messages.at(-1)?.content.length} characters.`,
    ],
    beforeWord: () => Promise.resolve(),
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const question = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
    asked.push(question);
    await answer(model, question, next.shift() ?? 'ok', response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return Object.assign(model, {
    close,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
  });
}

async function answer(
  model: ModelServer,
  question: Asked,
  behaviour: ModelBehaviour,
  response: ServerResponse,
): Promise<void> {
  if (typeof behaviour === 'object') {
    const after = behaviour.after === undefined ? {} : { 'Retry-After': String(behaviour.after) };
    response.writeHead(behaviour.status, { 'Content-Type': 'application/json', ...after });
    response.end('{"error":{"message":"not now"}}');
    return;
  }
  const words = model.answer(question);
  if (question.stream !== true) {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(wholeAnswer(question, words.join(''))));
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const send = (fields: object) =>
    response.write(`data: ${JSON.stringify(chunkOf(question, fields))}\n\n`);
  for (const [index, content] of words.entries()) {
    await model.beforeWord(index);
    if (behaviour === 'break' && index === 1) {
      response.destroy();
      return;
    }
    send({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
  }
  send({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  send({ choices: [], usage: usageOf(question, words.length) });
  response.end('data: [DONE]\n\n');
}

const usageOf = (question: Asked, words: number) => {
  const read = Math.ceil((question.messages.at(-1)?.content.length ?? 0) / 4);
  return { prompt_tokens: read, completion_tokens: words, total_tokens: read + words };
};

function chunkOf({ model }: Asked, fields: object) {
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, ...fields };
}

function wholeAnswer(question: Asked, content: string) {
  const annotations = [
    {
      type: 'url_citation',
      url_citation: { url: 'https://example.com/a', title: 'A', start_index: 0, end_index: 2 },
    },
  ];
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: question.model,
    choices: [
      { index: 0, message: { role: 'assistant', content, annotations }, finish_reason: 'stop' },
    ],
    usage: usageOf(question, 3),
  };
}
