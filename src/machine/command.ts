import { z } from 'zod';
import type { HandlerContext, HandlerTask } from '../client/index.js';
import {
  HoldfastError,
  InputInvalidError,
  type Json,
  json,
  messageOf,
  parseInput,
  text,
} from '../core/index.js';
import { argumentsOf } from './arguments.js';
import type { CommandTemplate, Machine } from './machine-config.js';
import { endOf, type Output, readable } from './output.js';
import { Places } from './places.js';
import { type ProcessEnd, type ProcessFate, runProcess } from './run-process.js';
import { placed, type Workplace } from './workplace.js';

/** The payload of a `command` promise: a name and values, never a program. */
const commandInput = z.strictObject({
  /** A command of the worker's configuration. */
  command: text(1, 100),
  /** What the command's own schema asks for. */
  parameters: z.record(z.string(), json).optional(),
  /** Given to the program on its standard input, where the configuration lets it. */
  input: json.optional(),
});

type CommandInput = z.output<typeof commandInput>;

/** What a kept `command` promise has as its result. */
type CommandResult = {
  readonly exitCode: 0;
  /** The standard output: parsed where the configuration says `json`, else its last 65,536 characters. */
  readonly output: Json;
  /** There, and true, when there was more. */
  readonly truncated?: true;
  readonly durationMs: number;
  readonly memoryMiB: number;
};

const OUTPUT_LENGTH_MAX = 65_536;
const JSON_LENGTH_MAX = 786_432;
const FAILURE_LENGTH_MAX = 2_000;
const TOLD_LENGTH_MAX = 800;

/** Runs a program of the configuration. What it does: docs/tasks/command.md. */
export function commandTask(machine: Machine, workplace: Workplace): HandlerTask {
  const { commands, commandsAtOnce } = machine;
  const places = new Places(commandsAtOnce);
  return {
    type: 'command',
    input: commandInput,
    run: async (asked: CommandInput, context: HandlerContext): Promise<CommandResult> => {
      const command = commandOf(commands, asked);
      const args = argumentsOf(command.args, parametersOf(command, asked), command);
      const end = await places.run(context.signal, () =>
        runCommand(asked, command, args, context, workplace),
      );
      context.signal.throwIfAborted();
      if (end.fate !== 'exited' || end.exitCode !== 0) throw failureOf(asked, command, end);
      return resultOf(asked, command, end);
    },
  };
}

function runCommand(
  asked: CommandInput,
  command: CommandTemplate,
  args: readonly string[],
  { signal, progress }: HandlerContext,
  workplace: Workplace,
): Promise<ProcessEnd> {
  const { timeout: timeoutMs, memoryMiB, outputKiB } = command;
  const onOutput = (output: Output) => {
    progress(null, `${asked.command}\n${endOf(output.tail.trimEnd(), TOLD_LENGTH_MAX)}`);
  };
  progress(null, asked.command);
  const input = asked.input === undefined ? {} : { input: JSON.stringify(asked.input) };
  const limits = { timeoutMs, memoryMiB, outputKiB };
  const ask = { ...placed(command, workplace), args, ...input, ...limits, signal, onOutput };
  return runProcess(ask, workplace.guard);
}

function commandOf(commands: Machine['commands'], asked: CommandInput): CommandTemplate {
  const { command: name, input } = asked;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const rule = `must be a command of this worker: ${Object.keys(commands).join(', ')}`;
    throw new InputInvalidError([
      { path: 'payload.command', rule, received: JSON.stringify(name) },
    ]);
  }
  if (input === undefined || command.input) return command;
  const received = JSON.stringify(input).slice(0, 100);
  const rule = 'must be left out: this command takes none';
  throw new InputInvalidError([{ path: 'payload.input', rule, received }]);
}

function parametersOf(
  { parameters }: CommandTemplate,
  asked: CommandInput,
): Readonly<Record<string, unknown>> {
  const parsed = parseInput(parameters, asked.parameters ?? {}, 'payload.parameters');
  return parsed as Readonly<Record<string, unknown>>;
}

type Limit = Exclude<ProcessFate, 'exited' | 'stopped' | 'not-started'>;

const LIMITS: Record<Limit, (command: CommandTemplate) => string> = {
  'timed-out': ({ timeout }) => `took longer than ${timeout} ms`,
  'out-of-memory': ({ memoryMiB }) => `took more than ${memoryMiB} MiB of memory`,
  'too-much-output': ({ outputKiB }) => `wrote more than ${outputKiB} KiB`,
};

/** Tried again, but for what would be the same again: too much memory or output, and exit codes that say so. */
function failureOf(
  { command: name }: CommandInput,
  command: CommandTemplate,
  end: ProcessEnd,
): HoldfastError {
  const { fate, exitCode, signal, output } = end;
  const details = { exitCode, signal, output: endOf(output.tail, FAILURE_LENGTH_MAX) };
  if (fate === 'not-started') {
    return new HoldfastError('process-failed', `${name} cannot be started: ${end.fault}`);
  }
  if (fate === 'exited' || fate === 'stopped') {
    const isFinal = exitCode !== null && command.finalExitCodes.includes(exitCode);
    return new HoldfastError('process-failed', `${name} ended with ${exitCode ?? signal}`, {
      retryable: !isFinal,
      details,
    });
  }
  return new HoldfastError('process-limit', `${name} ${LIMITS[fate](command)}`, {
    retryable: fate === 'timed-out',
    details: { limit: fate, ...details },
  });
}

function resultOf(
  { command: name }: CommandInput,
  command: CommandTemplate,
  { output, durationMs, memoryMiB }: ProcessEnd,
): CommandResult {
  const { stdout } = output;
  if (command.output === 'text') {
    const whole = readable(stdout);
    const isCut = whole.length > OUTPUT_LENGTH_MAX;
    const kept = endOf(whole, OUTPUT_LENGTH_MAX);
    return { exitCode: 0, output: kept, ...(isCut && { truncated: true }), durationMs, memoryMiB };
  }
  return { exitCode: 0, output: jsonOf(name, stdout), durationMs, memoryMiB };
}

/** @throws HoldfastError `process-failed`, which another attempt does not change */
function jsonOf(name: string, stdout: string): Json {
  try {
    const value = json.parse(JSON.parse(stdout));
    const { length } = JSON.stringify(value);
    if (length <= JSON_LENGTH_MAX) return value;
    throw new HoldfastError('process-failed', `must be at most ${JSON_LENGTH_MAX} characters`);
  } catch (cause) {
    const fault = cause instanceof z.ZodError ? cause.issues[0]?.message : messageOf(cause);
    throw new HoldfastError('process-failed', `${name} wrote no JSON that can be kept: ${fault}`, {
      cause,
      details: { output: endOf(readable(stdout), FAILURE_LENGTH_MAX) },
    });
  }
}
