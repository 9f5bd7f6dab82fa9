import { z } from 'zod';
import { HoldfastError, inputIssues } from '../core/index.js';
import { namesIn } from './arguments.js';
import { limitFields, timeout } from './limits.js';
import { REPORT_FORMS } from './test-case.js';

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, {
  error: 'must be 1 to 100 letters, digits, ".", "_" and "-", beginning with a letter or digit',
});
const text = z
  .string()
  .min(1)
  .max(4_096)
  .refine((value) => !value.includes('\0'), {
    error: 'must not have U+0000',
  });

const runFields = {
  /** Where it runs; relative to the configuration file. Default its directory. */
  directory: text.default('.'),
  /** A name that is looked up in PATH, or a path, relative to `directory`. */
  program: text,
  /** Beside PATH, HOME, LANG, TMPDIR and the like; nothing else of the worker's own goes along. */
  env: z.record(text, z.string()).default({}),
  ...limitFields,
};

const suite = z.strictObject({
  ...runFields,
  /**
   * `{file}` stands for the test file that the process is to run, `{report}` for the path
   * where its report is to be; without `{report}` the report is its standard output.
   */
  args: z.array(text).max(1_000).default([]),
  /** The test files, as globs relative to `directory`. Left out, one process runs the whole suite. */
  files: z.union([text.transform((one) => [one]), z.array(text).min(1).max(100)]).optional(),
  report: z.enum(REPORT_FORMS),
  /** Test files that run at once. Default 1. */
  parallel: z.int().min(1).max(64).default(1),
  /** For one test file. Default 1 minute. */
  fileTimeout: timeout.default(60_000),
  /** For all of them. Default 10 minutes. */
  timeout: timeout.default(600_000),
});

const command = z.strictObject({
  ...runFields,
  /** `{name}` stands for the parameter of that name. */
  args: z.array(text).max(1_000).default([]),
  /** A zod object: what a promise may and must give. Default nothing. */
  parameters: z
    .custom<z.ZodType>((value) => value instanceof z.ZodType, { error: 'must be a zod schema' })
    .default(z.strictObject({})),
  /** True lets a promise give `input`, JSON that the program reads on its standard input. */
  input: z.boolean().default(false),
  /** `json` makes the standard output the result, `text` keeps its end. Default `text`. */
  output: z.enum(['text', 'json']).default('text'),
  /** Exit codes that another attempt would not change. Default none. */
  finalExitCodes: z.array(z.int().min(1).max(255)).max(255).default([]),
  /** True lets parameters have what shells give a meaning to: for programs that hand them to none. */
  shellSyntax: z.boolean().default(false),
  /** Default 5 minutes. */
  timeout: timeout.default(300_000),
});

const machineConfig = z.strictObject({
  suites: z.record(name, suite).default({}),
  commands: z.record(name, command).default({}),
  /** Suites that one worker runs at once. Default 1. */
  suitesAtOnce: z.int().min(1).max(64).default(1),
  /** Commands that one worker runs at once. Default 4. */
  commandsAtOnce: z.int().min(1).max(1_000).default(4),
});

export type MachineConfig = z.input<typeof machineConfig>;
export type Machine = z.output<typeof machineConfig>;
export type Suite = z.output<typeof suite>;
export type CommandTemplate = z.output<typeof command>;

/** What a configuration file exports: the suites and the programs that may be asked for. */
export function defineMachine(config: MachineConfig): MachineConfig {
  return config;
}

/** @throws HoldfastError `setting-invalid` naming every field, its rule and the value received */
export function parseMachine(config: unknown): Machine {
  const parsed = machineConfig.safeParse(config);
  if (parsed.success) {
    requirePlaceholders(parsed.data);
    return parsed.data;
  }
  const lines = inputIssues(parsed.error, config).map(
    ({ path, rule, received }) => `${path || 'the configuration'}: ${rule} (received ${received})`,
  );
  throw fault(lines.join('\n'));
}

/** A suite that runs its files one by one must say which; a command names what its schema has. */
function requirePlaceholders({ suites, commands }: Machine): void {
  for (const [key, { args, files }] of Object.entries(suites)) {
    const names = args.some((arg) => arg.includes('{file}'));
    if (names === (files !== undefined)) continue;
    const rule = names ? 'has {file}, so files must be given' : 'must have {file} in one argument';
    throw fault(`suites.${key}.args: ${rule} (received ${JSON.stringify(args)})`);
  }
  for (const [key, { args, parameters }] of Object.entries(commands)) {
    // Of a schema that is no plain object it cannot be told.
    if (!(parameters instanceof z.ZodObject)) continue;
    const missing = namesIn(args).find((name) => !Object.hasOwn(parameters.shape, name));
    if (missing === undefined) continue;
    throw fault(`commands.${key}.args: {${missing}} is none of its parameters`);
  }
}

function fault(message: string): HoldfastError {
  return new HoldfastError('setting-invalid', message);
}
