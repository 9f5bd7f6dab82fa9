import { formatDuration, InputInvalidError, type Json, messageOf } from '../../core/index.js';
import {
  type Origin,
  type PromiseRecord,
  type PromiseStore,
  STATUSES,
} from '../../promises/index.js';
import type { TaskContext } from '../task-context.js';
import { resultText } from './settlement-text.js';

/** The promises that chats may look at and cancel. */
export interface CommandedPromises {
  get(id: string): Promise<PromiseRecord | undefined>;
  cancel(id: string): Promise<unknown>;
  figures(): ReturnType<PromiseStore['figures']>;
}

export interface CommandParts {
  readonly promises: CommandedPromises;
  /** What of a result may be shown. */
  readonly shown: (promise: PromiseRecord) => Json;
}

/** Where a command came from. */
export interface CommandCall {
  readonly enqueue: TaskContext['enqueue'];
  /** Told of the results of promises that the command makes. */
  readonly origin: Origin | undefined;
}

/** What a command came to. */
export interface Commanded {
  /** For the chat. */
  readonly answer: string;
  /** The id of the promise that it makes. */
  readonly made: string | undefined;
}

const HELP = `I keep promises.
/promise TYPE PAYLOAD – make one; the payload is JSON or plain text
/status – how many there are
/status ID – how one is
/cancel ID – give one up
/help – this`;

/** `/name@bot rest`. */
const COMMAND = /^\/([a-z]+)(?:@\w+)?(?:\s+([\s\S]*))?$/i;

/** Carries a command out. Text that is no command gets the help. */
export async function runCommand(
  text: string,
  call: CommandCall,
  parts: CommandParts,
): Promise<Commanded> {
  const [, name = '', rest = ''] = COMMAND.exec(text.trim()) ?? [];
  switch (name.toLowerCase()) {
    case 'promise':
      return makePromise(rest.trim(), call);
    case 'status':
      return said(await (rest.trim() === '' ? overview(parts) : statusOf(rest.trim(), parts)));
    case 'cancel':
      return said(await cancelPromise(rest.trim(), parts));
    case 'help':
    case 'start':
      return said(HELP);
    default:
      return said(name === '' ? HELP : `There is no command /${name}.\n${HELP}`);
  }
}

function said(answer: string): Commanded {
  return { answer, made: undefined };
}

function makePromise(rest: string, { enqueue, origin }: CommandCall): Commanded {
  const [, type, given = ''] = /^(\S+)(?:\s+([\s\S]*))?$/.exec(rest) ?? [];
  if (type === undefined) return said('Say of which type: /promise TYPE PAYLOAD');
  const told = origin === undefined ? {} : { origin };
  try {
    const id = enqueue(type, payloadOf(given), { queue: 'default', ...told });
    return { answer: `Promise made: ${type}\n${id}`, made: id };
  } catch (error) {
    if (error instanceof InputInvalidError) return said(`Not made. ${error.message}`);
    return said(`Not made: ${messageOf(error)}`);
  }
}

/** JSON, or else the words as they are. */
function payloadOf(given: string): Json {
  if (given === '') return null;
  try {
    return JSON.parse(given) as Json;
  } catch {
    return given;
  }
}

async function overview({ promises }: CommandParts): Promise<string> {
  const { byStatus, oldestReadyAgeMs, stalled } = await promises.figures();
  const counts = STATUSES.map((status) => `${status.replace('_', ' ')}: ${byStatus[status]}`);
  const oldest =
    oldestReadyAgeMs === null ? [] : [`oldest that is due: ${formatDuration(oldestReadyAgeMs)}`];
  return [...counts, ...oldest, ...(stalled > 0 ? [`stalled: ${stalled}`] : [])].join('\n');
}

async function statusOf(id: string, { promises, shown }: CommandParts): Promise<string> {
  const promise = await promises.get(id);
  if (promise === undefined) return `There is no promise ${id}.`;
  const { type, status, attempt, maxAttempts, progress, error } = promise;
  const lines = [`${type} is ${status.replace('_', ' ')}, attempt ${attempt} of ${maxAttempts}`];
  if (progress !== null) lines.push(progressText(progress));
  if (status === 'completed') lines.push(resultText(shown(promise)));
  else if (error !== null) lines.push(`${error.code}: ${error.message}`);
  return lines.filter((line) => line !== '').join('\n');
}

/** How far a run says it is. */
export function progressText({ percent, message }: NonNullable<PromiseRecord['progress']>): string {
  const figure = percent === null ? [] : [`${Math.round(percent)} %`];
  return [...figure, ...(message === null ? [] : [message])].join(' – ');
}

async function cancelPromise(id: string, { promises }: CommandParts): Promise<string> {
  if (id === '') return 'Say which: /cancel ID';
  await promises.cancel(id);
  const promise = await promises.get(id);
  if (promise === undefined) return `There is no promise ${id}.`;
  if (promise.status === 'cancelled') return `Cancelled: ${promise.type}\n${id}`;
  return `It is ${promise.status.replace('_', ' ')} already: ${promise.type}\n${id}`;
}
